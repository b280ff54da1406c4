package io.sallyport.sandbox.tools;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.Tier;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tools of a sandbox: {@code execute_code}, {@code execute_command} where there is a shell, {@code get_sessions}, {@code
 * stop_session}, {@code pin_session} and {@code get_volume_path}. Thread-safe.
 *
 * <p>Code begins with nothing and leaves nothing, unless the caller asks for a session ({@code keep_session}) or names one
 * ({@code session_id}). A session that is not there, or not the caller's, is an error and never a new one.
 *
 * <p>What went wrong is told in the words of {@link io.sallyport.sandbox.SandboxError}, code that has failed too; such results
 * are errors to the protocol. A cancelled call ends its code. A caller who wants to hear of progress hears every second that
 * the code runs.
 *
 * @since 0.1
 */
public final class SandboxTools {

    private static final String VOLUMES = "get_volume_path";
    private static final String VOLUMES_BEFORE = "get_volume_mappings";

    private static final Set<Language> UNTIL_IT_IS_THERE = EnumSet.of(Language.PYTHON, Language.JAVASCRIPT);

    private final Sandbox sandbox;
    private final SandboxSessions sessions;
    private final Set<Language> languages;
    private final Tier weakestTier;
    private final int shownBytes;
    private final Map<String, String> volumes;
    private final boolean oldNames;
    private final Patience patience;

    private SandboxTools(Builder builder) {
        this.sandbox = builder.sandbox;
        this.sessions = builder.sessions;
        this.languages = builder.languages();
        this.weakestTier = builder.weakestTier;
        this.shownBytes = builder.shownBytes;
        this.volumes = new LinkedHashMap<>(builder.volumes);
        this.oldNames = builder.oldNames;
        this.patience = new Patience(builder.tellsEvery);
    }

    /**
     * Returns a builder of the tools of a sandbox. Both remain the host's, which closes the sessions first.
     *
     * @param sessions those of the same sandbox
     */
    public static Builder of(Sandbox sandbox, SandboxSessions sessions) {
        return new Builder(sandbox, sessions);
    }

    /** Returns a server with these tools, as an upstream for a gateway. */
    public LocalServer server(String name) {
        LocalServer.Builder server = LocalServer.named(name);
        tools().forEach(server::tool);
        return server.build();
    }

    /** Returns the tools, for a server that has others too. */
    public List<Tool> tools() {
        Templates templates = new Templates(languages);
        Definitions definitions =
                new Definitions(sessions, templates, sandbox.capabilities().tier());
        ExecuteTool execute = new ExecuteTool(this, templates);
        SessionTools about = new SessionTools(sessions, volumes);
        List<Tool> tools = new ArrayList<>();
        if (!templates.words().isEmpty()) {
            tools.add(Tool.from(definitions.of(ExecuteTool.CODE)).handler(execute::code));
        }
        if (languages.contains(Language.SHELL)) {
            tools.add(Tool.from(definitions.of(ExecuteTool.COMMAND)).handler(execute::command));
        }
        tools.add(Tool.from(definitions.of("get_sessions")).handler(about::list));
        tools.add(Tool.from(definitions.of("stop_session")).handler(about::stop));
        tools.add(Tool.from(definitions.of("pin_session")).handler(about::pin));
        tools.add(Tool.from(definitions.of(VOLUMES)).handler(about::volumes));
        if (oldNames) {
            String sameAs = definitions.of(VOLUMES).replace(Json.quote(VOLUMES), Json.quote(VOLUMES_BEFORE));
            tools.add(Tool.from(sameAs).handler(about::volumes));
        }
        return tools;
    }

    Sandbox sandbox() {
        return sandbox;
    }

    SandboxSessions sessions() {
        return sessions;
    }

    Tier weakestTier() {
        return weakestTier;
    }

    int shownBytes() {
        return shownBytes;
    }

    Patience patience() {
        return patience;
    }

    /** Puts tools together. Confined to one thread. */
    public static final class Builder {

        private static final int KIB = 1024;

        private final Sandbox sandbox;
        private final SandboxSessions sessions;
        private Set<Language> languages = Set.of();
        private Tier weakestTier = Tier.WASM;
        private int shownBytes = 32 * KIB;
        private final Map<String, String> volumes = new LinkedHashMap<>();
        private boolean oldNames;
        private Duration tellsEvery = Duration.ofSeconds(1);

        private Builder(Sandbox sandbox, SandboxSessions sessions) {
            this.sandbox = requireNonNull(sandbox, "sandbox");
            this.sessions = requireNonNull(sessions, "sessions");
        }

        /**
         * Sets which languages are offered. Defaults to those that the sandbox runs when the tools are built; where it is not
         * available then, to Python and JavaScript.
         *
         * @throws IllegalArgumentException if there is none
         */
        public Builder languages(Set<Language> languages) {
            if (languages.isEmpty()) {
                throw new IllegalArgumentException("languages must not be empty; leave it out for the sandbox's own");
            }
            this.languages = EnumSet.copyOf(languages);
            return this;
        }

        private Set<Language> languages() {
            if (!languages.isEmpty()) {
                return languages;
            }
            Set<Language> runs = sandbox.capabilities().languages();
            return runs.isEmpty() ? UNTIL_IT_IS_THERE : runs;
        }

        /** Sets the weakest enclosure that code may be run in. Defaults to {@link Tier#WASM}. */
        public Builder weakestTier(Tier tier) {
            this.weakestTier = requireNonNull(tier, "weakestTier");
            return this;
        }

        /**
         * Sets how many bytes, as UTF-8, a model gets to read of standard output, of standard error and of the value, each: of
         * more the beginning and the end, of a value nothing. Defaults to 32 KiB.
         *
         * @throws IllegalArgumentException if it is less than 256, or more than 256 KiB
         */
        public Builder shownBytes(int atMost) {
            if (atMost < 256 || atMost > 256 * KIB) {
                throw new IllegalArgumentException(
                        "shownBytes must be at least 256 and at most 262144 (256 KiB), but was " + atMost);
            }
            this.shownBytes = atMost;
            return this;
        }

        /**
         * Adds a folder that {@code get_volume_path} tells of. It is the sandbox that mounts it, not this: of our kinds none
         * does, but a remote one may be set up so. Defaults to none.
         */
        public Builder volume(String hostPath, String containerPath) {
            volumes.put(requireNonNull(hostPath, "hostPath"), requireNonNull(containerPath, "containerPath"));
            return this;
        }

        /** Adds what was called otherwise elsewhere, for clients that have learnt it: {@code get_volume_mappings}. */
        public Builder oldNames() {
            this.oldNames = true;
            return this;
        }

        Builder tellsEvery(Duration interval) {
            this.tellsEvery = interval;
            return this;
        }

        /** Returns the tools. */
        public SandboxTools build() {
            return new SandboxTools(this);
        }
    }
}
