package io.sallyport.gateway.servlet;

import io.sallyport.spi.RequestHead;
import jakarta.servlet.http.HttpServletRequest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Principal;
import java.util.List;
import java.util.Optional;

/** The head of a servlet request. */
record ServletHead(HttpServletRequest request, String path, HeaderSnapshot headers) implements RequestHead {

    @Override
    public List<String> values(String name) {
        return headers.values(name);
    }

    @Override
    public String method() {
        return request.getMethod();
    }

    @Override
    public Optional<InetAddress> peer() {
        try {
            // A literal address: nothing is looked up.
            return Optional.of(InetAddress.getByName(request.getRemoteAddr()));
        } catch (UnknownHostException notAnAddress) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<Principal> containerUser() {
        return Optional.ofNullable(request.getUserPrincipal());
    }
}
