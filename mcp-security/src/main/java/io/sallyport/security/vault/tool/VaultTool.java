package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.KekUnavailableException;
import io.sallyport.spi.SchemaMismatchException;
import io.sallyport.spi.StoreUnavailableException;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The program to look after a vault with, for operators: puts secrets in and takes them out, rotates keys, verifies, takes stock,
 * exports and imports. {@code docs/vault.md} says what it is told and how it ends; {@code help} says it in short.
 *
 * <pre>java -cp 'lib/*' io.sallyport.security.vault.tool.VaultTool help</pre>
 */
public final class VaultTool {

    private static final String USAGE = """
            usage: VaultTool COMMAND [NAME] (--dir FOLDER | --jdbc URL [--login FILE]) --kek FILE [--kek FILE…] [OPTIONS]

            init                      makes the vault, and the key file if there is none
            put NAME                  puts in what comes on standard input, without one line break at its end
                [--upstream U…] [--host H…] [--position header|environment|argument…] [--not-redacted]
                                      where it may be used; without them, as the one before, or nowhere
            get NAME --reveal         gives a value out on standard output
            list                      names, times, keys
            delete NAME               takes a secret out
            rotate                    brings all under new keys; goes on with what was begun
                [--dry-run]           says what it would do
                [--abort]             goes back to the keys from before
                [--rows-per-second N] leaves more of the store to others
                [--sealer HOURS]      the keys of session ids instead, which have to open for so long yet
            rewrap                    wraps all keys by the first --kek
            destroy                   erases for good the keys that rotations have done with
            verify                    opens everything, changes nothing
            inventory                 which secret, for which upstream, used last, how old
            export --to FOLDER --to-kek FILE [--replace]
            import --from FOLDER --from-kek FILE [--replace]

            NAME is tenant/name; without a tenant it is that of "default". --kek is a key file, or a private key that ends in .pem;
            the first wraps, the others only open. The database's user and password are in SALLYPORT_JDBC_USER and
            SALLYPORT_JDBC_PASSWORD, or in the file of --login.

            exit codes: 0 done, 1 something is wrong with what is kept, or not there, 2 wrong use, 3 the store cannot be used,
            4 the key-encryption key cannot be had, 5 a rotation waits: run it again, 70 a fault of the program
            """;

    private final Arguments arguments;
    private final Terminal terminal;

    private VaultTool(Arguments arguments, Terminal terminal) {
        this.arguments = arguments;
        this.terminal = terminal;
    }

    /** Runs the program, and ends the JVM with its exit code, if that is not 0. */
    public static void main(String[] args) {
        // Without a logging back end SLF4J says so, in words that would stand among ours.
        if (System.getProperty("slf4j.internal.verbosity") == null) {
            System.setProperty("slf4j.internal.verbosity", "ERROR");
        }
        // Not System.in and System.out, which buffer: what is in a buffer of theirs cannot be erased.
        Terminal terminal = new Terminal(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                System::getenv,
                console().map(console -> prompt -> console.readPassword("%s", prompt)));
        int code = run(List.of(args), terminal).number();
        if (code != 0) {
            System.exit(code);
        }
    }

    @SuppressWarnings("SystemConsoleNull") // That, and what is asked since.
    private static Optional<Console> console() {
        Console console = System.console();
        if (console == null) {
            return Optional.empty();
        }
        try {
            // Since 22 there is a console without a terminal, and this method to tell.
            boolean isTerminal = (boolean) Console.class.getMethod("isTerminal").invoke(console);
            return isTerminal ? Optional.of(console) : Optional.empty();
        } catch (NoSuchMethodException e) {
            return Optional.of(console);
        } catch (IllegalAccessException | InvocationTargetException e) {
            return Optional.empty();
        }
    }

    /** Does what the words say, and says what came of it. */
    static ExitCode run(List<String> words, Terminal terminal) {
        try {
            if (!words.isEmpty() && List.of("help", "--help", "-h").contains(words.get(0))) {
                terminal.say(USAGE.stripTrailing());
                return ExitCode.DONE;
            }
            return new VaultTool(Arguments.parse(words), terminal).run();
        } catch (Failure e) {
            terminal.fail(String.valueOf(e.getMessage()));
            return e.code();
        } catch (KekUnavailableException e) {
            terminal.fail(String.valueOf(e.getMessage()));
            return ExitCode.KEY;
        } catch (StoreUnavailableException | SchemaMismatchException e) {
            terminal.fail(String.valueOf(e.getMessage()));
            return ExitCode.STORE;
        } catch (IOException e) {
            terminal.fail("standard input or output cannot be used: " + e + "; see who has closed it");
            return ExitCode.STORE;
        } catch (InterruptedException e) {
            terminal.fail("it was interrupted; run the same command again, which goes on");
            return ExitCode.WAITS;
        } catch (IllegalStateException e) {
            // Of the store: it is full, it refuses a statement.
            terminal.fail(String.valueOf(e.getMessage()));
            return ExitCode.STORE;
        } catch (RuntimeException e) {
            terminal.fail("a fault of this program (" + e.getClass().getSimpleName()
                    + "); nothing is known of what was done," + " see what verify says");
            return ExitCode.FAULT;
        }
    }

    private ExitCode run() throws Failure, KekUnavailableException, IOException, InterruptedException {
        try (Place place = Place.of(arguments, terminal)) {
            return run(place);
        }
    }

    private ExitCode run(Place place) throws Failure, KekUnavailableException, IOException, InterruptedException {
        List<Path> files = arguments.paths("--kek", "the file of the key-encryption key");
        if (arguments.command() == Command.INIT) {
            return new Making(terminal).init(place, files);
        }
        SecretCommands.check(arguments);
        KeyCommands.check(arguments);
        KeyFiles keyFiles = KeyFiles.read(files);
        try (OpenVault vault = OpenVault.open(place, keyFiles, KeyCommands.sealedOpensFor(arguments))) {
            SecretCommands secrets = new SecretCommands(vault, arguments, terminal);
            KeyCommands keys = new KeyCommands(vault, arguments, terminal);
            return switch (arguments.command()) {
                case PUT -> secrets.put();
                case GET -> secrets.get();
                case LIST -> secrets.list();
                case DELETE -> secrets.delete();
                case INVENTORY -> secrets.inventory();
                case ROTATE -> keys.rotate();
                case REWRAP -> keys.rewrap();
                case DESTROY -> keys.destroy();
                case VERIFY -> keys.verify();
                case EXPORT, IMPORT -> new CopyCommands(vault, keyFiles, arguments, terminal).run();
                case INIT -> throw new IllegalStateException("it was done before");
            };
        }
    }
}
