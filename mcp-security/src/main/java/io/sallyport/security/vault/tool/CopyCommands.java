package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.KekUnavailableException;
import io.sallyport.security.vault.SecretUnreadableException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Copies secrets between a vault and one in a folder, under another key. */
final class CopyCommands {

    private final OpenVault open;
    private final KeyFiles keys;
    private final Arguments arguments;
    private final Terminal terminal;

    CopyCommands(OpenVault open, KeyFiles keys, Arguments arguments, Terminal terminal) {
        this.open = open;
        this.keys = keys;
        this.arguments = arguments;
        this.terminal = terminal;
    }

    ExitCode run() throws Failure, KekUnavailableException {
        boolean isExport = arguments.command() == Command.EXPORT;
        Place.Folder folder = new Place.Folder(
                arguments.path(isExport ? "--to" : "--from", "the folder of the vault that is the copy"));
        List<Path> files = List.of(
                arguments.path(isExport ? "--to-kek" : "--from-kek", "the file of the copy's own key-encryption key"));
        if (isExport && !folder.isThere()) {
            new Making(terminal).make(folder, files);
        }
        KeyFiles others = KeyFiles.read(files);
        if (!Collections.disjoint(others.names(), keys.names())) {
            throw Failure.usage(
                    files.get(0) + " holds the same key-encryption key as "
                            + keys.files().get(0)
                            + ", and whoever gets at one of the two vaults would need no other for the second; name another file");
        }
        try (OpenVault other = OpenVault.open(folder, others, Optional.empty())) {
            return isExport ? copy(open, other) : copy(other, open);
        }
    }

    private ExitCode copy(OpenVault from, OpenVault to) throws KekUnavailableException, Failure {
        long total = total(from, to);
        Terminal.Progress progress = terminal.progress(arguments.command().word());
        Counts counts = new Counts();
        from.forEach((tenant, info) -> {
            counts.add(copied(from, to, tenant, info.name()));
            progress.at(counts.seen(), Math.max(total, counts.seen()));
        });
        progress.end();
        terminal.say(arguments.command().word() + "ed " + Terminal.count(counts.copied, "secret") + " of "
                + Terminal.count(counts.seen()));
        if (counts.leftOut > 0) {
            terminal.say(Terminal.count(counts.leftOut, "secret")
                    + " left out, which do not open or were expired; inventory says which");
        }
        return counts.leftOut > 0 ? ExitCode.FOUND : ExitCode.DONE;
    }

    /** How many there are of which. */
    private static final class Counts {

        private long copied;
        private long leftOut;

        void add(boolean isCopied) {
            copied += isCopied ? 1 : 0;
            leftOut += isCopied ? 0 : 1;
        }

        long seen() {
            return copied + leftOut;
        }
    }

    /** Returns how many there are; refuses, before anything was changed, to take the place of others. */
    private long total(OpenVault from, OpenVault to) throws KekUnavailableException, Failure {
        long[] found = new long[2];
        String[] first = {""};
        from.forEach((tenant, info) -> {
            found[0]++;
            if (to.condition(tenant, info.name()) != OpenVault.Condition.NOT_THERE) {
                first[0] = found[1] == 0 ? SecretCommands.shown(tenant, info.name()) : first[0];
                found[1]++;
            }
        });
        if (found[1] > 0 && !arguments.has("--replace")) {
            throw new Failure(
                    ExitCode.FOUND,
                    Terminal.count(found[1]) + " of " + Terminal.count(found[0], "secret")
                            + " are there already, " + first[0]
                            + " first, and nothing was changed; --replace lets these take their"
                            + " place");
        }
        return found[0];
    }

    private boolean copied(OpenVault from, OpenVault to, String tenant, String name)
            throws KekUnavailableException, Failure {
        try {
            boolean isCopied = from.vault().copy(tenant, name, to.vault(), arguments.has("--replace"));
            if (!isCopied && to.condition(tenant, name) != OpenVault.Condition.NOT_THERE) {
                throw new Failure(
                        ExitCode.FOUND,
                        SecretCommands.shown(tenant, name)
                                + " was put in by somebody else meanwhile, and is left; see which is right, and run this again with"
                                + " --replace if it is this one");
            }
            return isCopied;
        } catch (SecretUnreadableException e) {
            return false;
        }
    }
}
