package io.sallyport.gateway.internal;

import io.sallyport.spi.Authentication;
import io.sallyport.spi.Authenticator;
import io.sallyport.spi.Principal;
import io.sallyport.spi.RequestHead;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Takes everybody on this machine for the same anonymous principal, and nobody else in. */
public final class LocalOnly implements Authenticator {

    /** What proxies, tunnels and content networks add, beside {@code X-Forwarded-…}. */
    private static final List<String> FORWARDED = List.of(
            "Forwarded",
            "Via",
            "X-Real-IP",
            "X-Client-IP",
            "X-Cluster-Client-IP",
            "X-Envoy-External-Address",
            "X-Original-Host",
            "True-Client-IP",
            "CF-Connecting-IP",
            "Fastly-Client-IP",
            "Fly-Client-IP",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto");

    @Override
    public Authentication authenticate(RequestHead head) {
        if (head.peer().filter(InetAddress::isLoopbackAddress).isEmpty()) {
            return refused("requests without a credential are served to this machine only");
        }
        Optional<String> forwarded = Stream.concat(
                        FORWARDED.stream().filter(header -> !head.values(header).isEmpty()),
                        head.names().stream().filter(header -> header.regionMatches(true, 0, "X-Forwarded", 0, 11)))
                .findFirst();
        if (forwarded.isPresent()) {
            return refused("requests without a credential are not served through a proxy (" + forwarded.get() + ")");
        }
        List<String> hosts = head.values("Host");
        if (hosts.size() != 1 || !HttpGuard.isLocalName(HttpGuard.hostOf(hosts.get(0)))) {
            return refused("requests without a credential need a local Host, such as localhost");
        }
        return Authentication.accepted(Principal.anonymous());
    }

    private static Authentication refused(String reason) {
        return Authentication.forbidden("Forbidden: " + reason + ".");
    }
}
