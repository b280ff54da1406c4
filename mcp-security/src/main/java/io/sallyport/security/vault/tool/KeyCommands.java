package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.KekUnavailableException;
import io.sallyport.security.vault.KeyRotation;
import io.sallyport.security.vault.KeyState;
import io.sallyport.security.vault.Vault;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What is done with keys. */
final class KeyCommands {

    private static final int MOST_ROWS_PER_SECOND = 1_000_000;
    private static final int MOST_HOURS = 366 * 24;

    private final OpenVault open;
    private final Vault vault;
    private final Arguments arguments;
    private final Terminal terminal;

    KeyCommands(OpenVault open, Arguments arguments, Terminal terminal) {
        this.open = open;
        this.vault = open.vault();
        this.arguments = arguments;
        this.terminal = terminal;
    }

    /** Refuses what is wrong before anything is opened. */
    static void check(Arguments arguments) throws Failure {
        sealedOpensFor(arguments);
        arguments.number("--rows-per-second", MOST_ROWS_PER_SECOND);
        if (arguments.has("--dry-run") && arguments.has("--abort")) {
            throw Failure.usage("--dry-run changes nothing and --abort does; give one of them");
        }
    }

    /** Returns for how long session ids have to open, where that was said. */
    static Optional<Duration> sealedOpensFor(Arguments arguments) throws Failure {
        return arguments.number("--sealer", MOST_HOURS).map(Duration::ofHours);
    }

    /** What is done with the keys of one tenant. */
    private interface OfTenant {
        ExitCode run(String tenant) throws KekUnavailableException, InterruptedException, Failure;
    }

    private ExitCode forEachTenant(OfTenant work) throws KekUnavailableException, InterruptedException, Failure {
        // One that was shredded has no key, and is to get none from here.
        List<String> tenants = open.store().tenants().stream()
                .filter(tenant -> open.hasKeyIn(tenant, KeyState.PRIMARY))
                .filter(tenant -> tenant.equals(Vault.SEALER) == arguments.has("--sealer"))
                .toList();
        if (tenants.isEmpty()) {
            terminal.say("there are no keys in the vault yet, and nothing is to be done");
        }
        ExitCode code = ExitCode.DONE;
        for (String tenant : tenants) {
            code = code.and(work.run(tenant));
        }
        return code;
    }

    private static String shown(String tenant) {
        return tenant.equals(Vault.SEALER) ? "session ids" : tenant;
    }

    private KeyRotation rotation(Terminal.Progress progress) throws Failure {
        KeyRotation.Builder rotation = vault.rotation().progress(progress::at);
        arguments.number("--rows-per-second", MOST_ROWS_PER_SECOND).ifPresent(rotation::rowsPerSecond);
        return rotation.build();
    }

    ExitCode rotate() throws KekUnavailableException, InterruptedException, Failure {
        if (arguments.has("--dry-run")) {
            return forEachTenant(this::announce);
        }
        return forEachTenant(arguments.has("--abort") ? this::abort : this::rotate);
    }

    private boolean isUnderWay(String tenant) {
        return open.hasKeyIn(tenant, KeyState.DISTRIBUTED) || open.hasKeyIn(tenant, KeyState.DECRYPT_ONLY);
    }

    private ExitCode announce(String tenant) throws KekUnavailableException, InterruptedException, Failure {
        Optional<WrappedKey> old = open.store().ring(tenant).keys().stream()
                .filter(key -> key.state() == KeyState.DECRYPT_ONLY)
                .findFirst();
        KeyRotation.Check check = vault.rotation().build().verify(tenant);
        if (old.isPresent()) {
            long left = open.store().countUnder(tenant, old.get().id());
            terminal.say(shown(tenant) + ": a rotation is under way; " + Terminal.count(left) + " of "
                    + Terminal.count(check.rows(), "row") + " would be sealed anew, under the key that it has made");
        } else {
            String begun = open.hasKeyIn(tenant, KeyState.DISTRIBUTED) ? "a rotation is under way; " : "";
            terminal.say(shown(tenant) + ": " + begun + Terminal.count(check.rows(), "row")
                    + " would be sealed anew, under a new key");
        }
        if (check.unreadable() > 0) {
            terminal.say(shown(tenant) + ": " + Terminal.count(check.unreadable(), "row")
                    + " of them cannot, since they do not open; verify says which");
            return ExitCode.FOUND;
        }
        return ExitCode.DONE;
    }

    private ExitCode rotate(String tenant) throws KekUnavailableException, InterruptedException, Failure {
        if (isUnderWay(tenant)) {
            terminal.say(shown(tenant) + ": goes on with the rotation that was begun");
        }
        Terminal.Progress progress = terminal.progress(shown(tenant));
        KeyRotation.Report report = rotation(progress).rotate(tenant);
        progress.end();
        return report(tenant, report, "no older key opens anything");
    }

    private ExitCode abort(String tenant) throws KekUnavailableException, InterruptedException, Failure {
        if (!isUnderWay(tenant)) {
            terminal.say(shown(tenant) + ": no rotation is under way");
            return ExitCode.DONE;
        }
        Terminal.Progress progress = terminal.progress(shown(tenant));
        KeyRotation.Report report = rotation(progress).abort(tenant);
        progress.end();
        return report(tenant, report, "all is under the key from before");
    }

    private ExitCode report(String tenant, KeyRotation.Report report, String done) {
        String resealed = shown(tenant) + ": " + Terminal.count(report.resealed(), "row") + " sealed anew; ";
        return switch (report.end()) {
            case DONE -> {
                terminal.say(resealed + done);
                yield ExitCode.DONE;
            }
            case WAITS_FOR_NODES -> {
                terminal.say(resealed
                        + "a program that uses the vault does not know the new key yet, and nothing is under it;"
                        + " see that it reaches the store and the key-encryption key, and run this again");
                yield ExitCode.WAITS;
            }
            case WAITS_FOR_AGE -> {
                terminal.say(resealed + "what was sealed before has to open for a while yet; run this again then");
                yield ExitCode.WAITS;
            }
            case UNREADABLE_ROWS -> {
                terminal.say(resealed + Terminal.count(report.unreadable(), "row")
                        + " under an older key cannot, since they do not open, and the key is kept; verify says which");
                yield ExitCode.FOUND;
            }
        };
    }

    ExitCode rewrap() throws KekUnavailableException {
        long keys = 0;
        for (String tenant : open.store().tenants()) {
            keys += vault.rotation().build().rewrap(tenant);
        }
        terminal.say(Terminal.count(keys, "key") + " wrapped anew by the first --kek; all are under it now");
        return ExitCode.DONE;
    }

    ExitCode destroy() {
        long keys = 0;
        for (String tenant : open.store().tenants()) {
            keys += vault.rotation().build().destroy(tenant);
        }
        terminal.say(Terminal.count(keys, "key")
                + " erased; what was sealed under them opens for nobody but who has an older copy of the vault and the"
                + " key-encryption key");
        return ExitCode.DONE;
    }

    ExitCode verify() throws KekUnavailableException, InterruptedException, Failure {
        return forEachTenant(this::verify);
    }

    private ExitCode verify(String tenant) throws KekUnavailableException, InterruptedException, Failure {
        KeyRotation.Check check = vault.rotation().build().verify(tenant);
        long good = check.rows() - check.unreadable();
        terminal.say(shown(tenant) + ": " + Terminal.count(good) + " of " + Terminal.count(check.rows(), "row")
                + (check.rows() == 1 ? " opens" : " open"));
        if (check.unreadable() == 0) {
            return ExitCode.DONE;
        }
        open.forEach(tenant, (its, info) -> {
            if (open.condition(tenant, info.name()) == OpenVault.Condition.UNREADABLE) {
                terminal.say(SecretCommands.shown(tenant, info.name())
                        + " does not open: it was damaged, or changed by somebody; put it in again");
            }
        });
        return ExitCode.FOUND;
    }
}
