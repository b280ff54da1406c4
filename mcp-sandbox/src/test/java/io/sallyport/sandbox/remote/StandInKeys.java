package io.sallyport.sandbox.remote;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Keys as a microsandbox server makes and checks them: {@code msb_} and a JWT. */
final class StandInKeys {

    private static final String PREFIX = "msb_";
    private static final long LEEWAY_SECONDS = 60;

    private final byte[] secret;

    StandInKeys(String secret) {
        this.secret = secret.getBytes(StandardCharsets.UTF_8);
    }

    /** What became of checking one: a code and words, or the namespace that it is for. */
    record Checked(int code, String error, Optional<String> namespace) {}

    String make(Instant expiry, Optional<String> namespace) {
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("exp", expiry.getEpochSecond());
        claims.put("iat", 0);
        namespace.ifPresent(it -> claims.put("namespace", it));
        String body = base64("{\"typ\":\"JWT\",\"alg\":\"HS256\"}".getBytes(StandardCharsets.UTF_8)) + "."
                + base64(Json.write(claims).getBytes(StandardCharsets.UTF_8));
        return PREFIX + body + "." + base64(sign(body));
    }

    Checked check(Optional<String> header) {
        String key = header.map(it -> it.startsWith("Bearer ") ? it.substring(7) : it)
                .orElse("");
        if (!key.startsWith(PREFIX)) {
            return new Checked(1001, "Invalid credentials", Optional.empty());
        }
        Checked bad = new Checked(1004, "Invalid or expired token", Optional.empty());
        String[] parts = key.substring(PREFIX.length()).split("\\.");
        if (parts.length != 3
                || !MessageDigest.isEqual(
                        base64(sign(parts[0] + "." + parts[1])).getBytes(StandardCharsets.US_ASCII),
                        parts[2].getBytes(StandardCharsets.US_ASCII))) {
            return bad;
        }
        JsonValue claims =
                JsonValue.trusted(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8));
        long expiry = claims.get("exp").orElseThrow().asLong().orElseThrow();
        if (expiry + LEEWAY_SECONDS < Instant.now().getEpochSecond()) {
            return bad;
        }
        return new Checked(0, "", claims.getString("namespace"));
    }

    private byte[] sign(String body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return mac.doFinal(body.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
