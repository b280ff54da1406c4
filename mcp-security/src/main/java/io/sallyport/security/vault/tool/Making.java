package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.KekUnavailableException;
import java.nio.file.Path;
import java.util.List;

/** Makes vaults. */
final class Making {

    private final Terminal terminal;

    Making(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Makes one where there is none. */
    ExitCode init(Place place, List<Path> files) throws Failure, KekUnavailableException {
        if (place.isThere()) {
            throw new Failure(
                    ExitCode.FOUND,
                    "there is a vault in " + place + " already, and nothing was changed; use that, or another"
                            + " place");
        }
        make(place, files);
        return ExitCode.DONE;
    }

    /** The key first: a vault without a key is of no use, and a key without a vault does no harm. */
    void make(Place place, List<Path> files) throws Failure, KekUnavailableException {
        if (files.size() != 1) {
            throw Failure.usage("a new vault needs one --kek, but there were " + files.size());
        }
        Path file = files.get(0);
        place.requireApart(files);
        boolean isNew = KeyFiles.make(file);
        KeyFiles.read(files);
        if (isNew) {
            terminal.say(
                    "made a key-encryption key in " + file + ", for its owner alone; keep a copy of it, and not where"
                            + " copies of the vault are: without it nothing in the vault opens, for nobody");
        }
        place.make();
        terminal.say("made a vault in " + place);
    }
}
