package io.sallyport.spi;

/**
 * Finds out who sends a request. Asked for every request, before its body is read. Fails closed: if it throws, the
 * request is refused with status 503.
 */
@FunctionalInterface
public interface Authenticator {

    /** Returns who sends the request, or how it is refused. Must not keep the head. */
    Authentication authenticate(RequestHead head);
}
