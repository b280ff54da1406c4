package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.KekUnavailableException;
import io.sallyport.security.vault.SecretPolicy;
import io.sallyport.security.vault.SecretPolicy.Position;
import io.sallyport.security.vault.SecretUnreadableException;
import io.sallyport.security.vault.SecretValue;
import io.sallyport.security.vault.Vault;
import io.sallyport.security.vault.Vault.SecretInfo;
import io.sallyport.security.vault.Vault.SecretState;
import io.sallyport.security.vault.Vault.SecretUse;
import io.sallyport.security.vault.VaultRedactor;
import io.sallyport.spi.SecretReference;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What is done with secrets. */
final class SecretCommands {

    private final OpenVault open;
    private final Vault vault;
    private final Arguments arguments;
    private final Terminal terminal;

    SecretCommands(OpenVault open, Arguments arguments, Terminal terminal) {
        this.open = open;
        this.vault = open.vault();
        this.arguments = arguments;
        this.terminal = terminal;
    }

    /** Refuses what is wrong before anything is opened. */
    static void check(Arguments arguments) throws Failure {
        policy(arguments);
        if (arguments.command() == Command.GET && !arguments.has("--reveal")) {
            throw Failure.usage(
                    "get shows a secret to whoever sees this terminal or its log; add --reveal if that is what you"
                            + " want");
        }
    }

    /** Returns what the options say of where a secret may be used, if they say anything. */
    private static Optional<SecretPolicy> policy(Arguments arguments) throws Failure {
        if (Stream.of("--upstream", "--host", "--position", "--not-redacted").noneMatch(arguments::has)) {
            return Optional.empty();
        }
        try {
            SecretPolicy.Builder policy = SecretPolicy.builder()
                    .upstreams(arguments.all("--upstream").toArray(String[]::new))
                    .hosts(arguments.all("--host").toArray(String[]::new));
            for (String word : arguments.all("--position")) {
                policy.positions(position(word));
            }
            if (arguments.has("--not-redacted")) {
                policy.notRedacted();
            }
            return Optional.of(policy.build());
        } catch (IllegalArgumentException e) {
            throw Failure.usage(String.valueOf(e.getMessage()));
        }
    }

    private static Position position(String word) throws Failure {
        return Arrays.stream(Position.values())
                .filter(it -> word(it).equals(word))
                .findFirst()
                .orElseThrow(
                        () -> Failure.usage("\"" + word + "\" is no position; it is header, environment or argument"));
    }

    private static String word(Position position) {
        return position.name().toLowerCase(Locale.ROOT);
    }

    private static String shown(SecretReference secret) {
        return shown(secret.tenant(), secret.name());
    }

    static String shown(String tenant, String name) {
        return tenant + "/" + name;
    }

    ExitCode put() throws Failure, KekUnavailableException, IOException {
        SecretReference secret = arguments.secret();
        Optional<SecretState> before = before(secret);
        Optional<SecretPolicy> said = policy(arguments);
        SecretPolicy policy = said.or(() -> before.map(SecretState::policy)).orElseGet(SecretPolicy::nowhere);
        byte[] bytes = terminal.readSecret(shown(secret), Vault.MOST_SECRET_BYTES);
        try (SecretValue value = SecretValue.of(bytes)) {
            requireUsable(policy, bytes);
            vault.put(secret.tenant(), secret.name(), value, policy);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
        terminal.say("put " + shown(secret) + (before.isPresent() ? " in the place of the one before; " : "; ")
                + describe(policy));
        return ExitCode.DONE;
    }

    private Optional<SecretState> before(SecretReference secret) throws KekUnavailableException, Failure {
        try {
            return vault.state(secret.tenant(), secret.name());
        } catch (SecretUnreadableException e) {
            if (policy(arguments).isPresent()) {
                return Optional.of(new SecretState(SecretPolicy.nowhere(), false));
            }
            throw new Failure(
                    ExitCode.FOUND,
                    shown(secret) + " does not open, so that where it may be used is not known; say"
                            + " it with --upstream, --host and --position, and this one takes its place");
        }
    }

    /** Else each use would be refused, and only the log of a gateway would say why. */
    private static void requireUsable(SecretPolicy policy, byte[] value) throws Failure {
        boolean isUsed = !policy.upstreams().isEmpty() && !policy.positions().isEmpty();
        // No byte begins more than one character.
        if (isUsed && policy.isRedacted() && value.length < VaultRedactor.LEAST_CHARS) {
            throw Failure.usage("the value has fewer than " + VaultRedactor.LEAST_CHARS
                    + " characters, and so short a one is not given out, since it could not be told from other text in"
                    + " answers; use a longer one, or say --not-redacted. Nothing was put in");
        }
    }

    private static String describe(SecretPolicy policy) {
        if (policy.upstreams().isEmpty() || policy.positions().isEmpty()) {
            return "it may be used nowhere";
        }
        List<String> positions =
                policy.positions().stream().map(SecretCommands::word).toList();
        return "it may be used for " + String.join(", ", policy.upstreams()) + ", in "
                + String.join(", ", positions)
                + (policy.hosts().isEmpty() ? "" : ", at " + String.join(", ", policy.hosts()))
                + (policy.isRedacted() ? "" : "; it is not taken out of answers");
    }

    private static Failure notThere(SecretReference secret) {
        return new Failure(ExitCode.FOUND, "there is no secret " + shown(secret) + "; list says which there are");
    }

    ExitCode get() throws Failure, KekUnavailableException, IOException {
        SecretReference secret = arguments.secret();
        try (SecretValue value = vault.get(secret.tenant(), secret.name()).orElseThrow(() -> notThere(secret))) {
            byte[] bytes = value.use(byte[]::clone);
            try {
                terminal.reveal(bytes);
            } finally {
                Arrays.fill(bytes, (byte) 0);
            }
            return ExitCode.DONE;
        } catch (SecretUnreadableException e) {
            boolean expired = open.condition(secret.tenant(), secret.name()) == OpenVault.Condition.EXPIRED;
            throw new Failure(
                    ExitCode.FOUND,
                    shown(secret)
                            + (expired
                                    ? " was expired; put a new value in"
                                    : " does not open: it was damaged, or changed by somebody; put it in again"));
        }
    }

    ExitCode delete() throws Failure {
        SecretReference secret = arguments.secret();
        if (!vault.delete(secret.tenant(), secret.name())) {
            throw notThere(secret);
        }
        terminal.say("deleted " + shown(secret));
        return ExitCode.DONE;
    }

    ExitCode list() throws KekUnavailableException, Failure {
        row("SECRET", "WRITTEN", "KEY");
        open.forEach((tenant, info) -> row(shown(tenant, info.name()), seconds(info.written()), info.key()));
        return ExitCode.DONE;
    }

    private void row(String... columns) {
        terminal.say(String.join("\t", columns));
    }

    private static String seconds(Instant moment) {
        return moment.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    ExitCode inventory() throws KekUnavailableException, Failure {
        Instant now = Instant.now();
        row("SECRET", "UPSTREAM", "LAST USED", "AGE", "NOTE");
        boolean[] isGood = {true};
        for (String tenant : vault.tenants()) {
            Map<String, Map<String, Instant>> uses = new HashMap<>();
            for (SecretUse use : vault.uses(tenant)) {
                uses.computeIfAbsent(use.name(), name -> new TreeMap<>()).put(use.upstream(), use.last());
            }
            open.forEach(
                    tenant,
                    (its, info) -> isGood[0] &= inventory(tenant, info, uses.getOrDefault(info.name(), Map.of()), now));
        }
        return isGood[0] ? ExitCode.DONE : ExitCode.FOUND;
    }

    /** Returns whether it opens. */
    private boolean inventory(String tenant, SecretInfo info, Map<String, Instant> uses, Instant now)
            throws KekUnavailableException {
        Map<String, String> lastUsed = new TreeMap<>();
        String note = "";
        boolean opens = true;
        try {
            Optional<SecretState> state = vault.state(tenant, info.name());
            state.ifPresent(it -> it.policy().upstreams().forEach(upstream -> lastUsed.put(upstream, "never")));
            note = state.filter(SecretState::expired).map(it -> "expired").orElse("");
        } catch (SecretUnreadableException e) {
            note = "does not open";
            opens = false;
        }
        uses.forEach((upstream, last) -> lastUsed.put(upstream, seconds(last)));
        if (lastUsed.isEmpty()) {
            lastUsed.put("-", "never");
        }
        String age = Math.max(0, Duration.between(info.written(), now).toDays()) + " d";
        for (Map.Entry<String, String> use : lastUsed.entrySet()) {
            row(shown(tenant, info.name()), use.getKey(), use.getValue(), age, note);
        }
        return opens;
    }
}
