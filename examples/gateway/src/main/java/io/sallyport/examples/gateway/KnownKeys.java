package io.sallyport.examples.gateway;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The keys of a server in the file: those that are read, and what other clients write besides. */
final class KnownKeys {

    private static final List<String> READ = List.of(
            "type",
            "transport",
            "command",
            "args",
            "env",
            "cwd",
            "url",
            "headers",
            "allowPlaintext",
            "allowHost",
            "disabled",
            "enabled",
            "disabledTools",
            "excludeTools");

    private static final String CLIENTS_AFFAIR = "what needs a user's consent is decided by the client";
    private static final String FOR_PEOPLE = "only shown by clients";

    /** What means nothing to a gateway, and why. */
    private static final Map<String, String> IGNORED = Map.ofEntries(
            Map.entry("timeout", "clients disagree whether it counts seconds or milliseconds; a call has 30 s here"),
            Map.entry("autoApprove", CLIENTS_AFFAIR),
            Map.entry("alwaysAllow", CLIENTS_AFFAIR),
            Map.entry("trust", CLIENTS_AFFAIR),
            Map.entry("name", FOR_PEOPLE),
            Map.entry("title", FOR_PEOPLE),
            Map.entry("description", FOR_PEOPLE),
            Map.entry("icon", FOR_PEOPLE),
            Map.entry("gallery", FOR_PEOPLE),
            Map.entry("version", FOR_PEOPLE));

    /** What would change who may do what, and is therefore not passed over. */
    private static final Map<String, String> REFUSED = Map.of(
            "envFile", "files of variables are not read; write the variables under env, as ${NAME} if they are secret",
            "includeTools", "only single tools can be taken away; name those under disabledTools",
            "oauth", "tokens are not obtained here; write the header under headers, with ${NAME} for its token",
            "auth", "tokens are not obtained here; write the header under headers, with ${NAME} for its token");

    private static final Map<String, String> CALLED_OTHERWISE = Map.of(
            "serverUrl", "url",
            "httpUrl", "url",
            "endpoint", "url",
            "transportType", "type",
            "arguments", "args",
            "environment", "env",
            "workingDirectory", "cwd",
            "workdir", "cwd");

    private KnownKeys() {}

    static boolean isRead(String key) {
        return READ.contains(key);
    }

    /** Returns why a key has no effect here, if it is one of those. */
    static Optional<String> whyIgnored(String key) {
        return Optional.ofNullable(IGNORED.get(key));
    }

    /** Returns what to do about a key that is neither read nor ignored. */
    static String remedy(String key) {
        if (REFUSED.containsKey(key)) {
            return "is not supported here: " + REFUSED.get(key);
        }
        return NearestKey.of(key, READ)
                .or(() -> NearestKey.of(key, CALLED_OTHERWISE.keySet()).map(CALLED_OTHERWISE::get))
                .map(known -> "is unknown; did you mean " + known + "?")
                .orElse("is unknown; known are " + String.join(", ", READ));
    }
}
