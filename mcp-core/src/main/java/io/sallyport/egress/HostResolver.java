package io.sallyport.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Looks the addresses of a host name up. Asked anew for each connection attempt, so an implementation that caches
 * decides how soon a changed name is noticed. Must be thread-safe.
 */
@FunctionalInterface
public interface HostResolver {

    /**
     * Returns all addresses of a host, in the order in which they are to be tried.
     *
     * @param host a host name; never an address, for those are not looked up
     * @throws UnknownHostException if the name has no address
     */
    InetAddress[] resolve(String host) throws UnknownHostException;

    /**
     * Returns the resolver of the JDK. It keeps answers for as long as the security properties {@code
     * networkaddress.cache.ttl} (30 seconds unless set) and {@code networkaddress.cache.negative.ttl} (10 seconds) say.
     */
    static HostResolver system() {
        return InetAddress::getAllByName;
    }
}
