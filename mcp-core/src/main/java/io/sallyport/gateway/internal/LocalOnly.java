package io.sallyport.gateway.internal;

import io.sallyport.spi.Authentication;
import io.sallyport.spi.Authenticator;
import io.sallyport.spi.Principal;
import io.sallyport.spi.RequestHead;
import java.net.InetAddress;
import java.util.List;

/** Takes everybody on this machine for the same anonymous principal, and nobody else in. */
public final class LocalOnly implements Authenticator {

    private static final List<String> FORWARDED = List.of(
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Real-IP",
            "Via",
            "CF-Connecting-IP");

    @Override
    public Authentication authenticate(RequestHead head) {
        if (head.peer().filter(InetAddress::isLoopbackAddress).isEmpty()) {
            return refused("requests without a credential are served to this machine only");
        }
        for (String header : FORWARDED) {
            if (!head.values(header).isEmpty()) {
                return refused("requests without a credential are not served through a proxy (" + header + ")");
            }
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
