package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Tries to get out of an enclosure, for real, before anybody else may: from within, in the language that is run there, and
 * by what the kernel says of it from without.
 */
final class SelfTest {

    private static final String[] NAMESPACES = {"user", "mnt", "pid", "net", "ipc", "uts"};

    /** What the kernel must say. Capabilities are bits. */
    private static final Map<String, String> MUST_BE = Map.of(
            "CapInh:", "0000000000000000",
            "CapPrm:", "0000000000000000",
            "CapEff:", "0000000000000000",
            "CapBnd:", "0000000000000000",
            "CapAmb:", "0000000000000000",
            "NoNewPrivs:", "1",
            "Seccomp:", "2");

    private final Launcher launcher;
    private final Path folder;

    /** @param folder one of our own, which must not be seen */
    SelfTest(Launcher launcher, Path folder) {
        this.launcher = launcher;
        this.folder = folder;
    }

    /**
     * Tries it in one language.
     *
     * @throws MissingException if the enclosure lets anything through; it says what
     */
    void check(Language language) throws MissingException, InterruptedException {
        Limits limits = Limits.defaults();
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0));
            listener.configureBlocking(false);
            int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
            try (Worker worker = launcher.start(Shape.once(language, limits))) {
                List<String> holes = fromWithout(worker, folder);
                Execution attempt = Execution.of(language, attempt(language, port))
                        .limits(limits)
                        .build();
                Outcome outcome = new Exchange(worker, attempt, new Cancellation(), () -> false).run();
                boolean hasEnded = outcome.status() == Outcome.Status.OK;
                if (!hasEnded) {
                    throw new MissingException("the self-test of " + language.word() + " does not come to its end: "
                            + outcome + " " + outcome.error() + " " + outcome.stderr());
                }
                outcome.stdout().lines().forEach(holes::add);
                if (listener.accept() != null) {
                    holes.add("a port of this machine is reached");
                }
                if (!holes.isEmpty()) {
                    throw new MissingException("the enclosure of " + language.word() + " does not hold: " + holes);
                }
            }
        } catch (IOException e) {
            throw new MissingException("the self-test of " + language.word() + " fails: " + e.getMessage(), e);
        }
    }

    private static List<String> fromWithout(Worker worker, Path folder) throws IOException {
        long pid = worker.tree().interpreter();
        List<String> holes = new ArrayList<>();
        String status = ProcessTree.read(pid, "status");
        MUST_BE.forEach((name, value) -> {
            if (!status.contains("\n" + name + "\t" + value + "\n")) {
                holes.add(name + " is not " + value);
            }
        });
        for (String name : new String[] {"Uid:", "Gid:"}) {
            int at = status.indexOf("\n" + name);
            String line = at < 0 ? "\t0" : status.substring(at + 1, status.indexOf('\n', at + 1));
            if (List.of(line.split("\\s+")).contains("0")) {
                holes.add(name + " is that of root");
            }
        }
        for (String name : NAMESPACES) {
            Path own = Files.readSymbolicLink(Path.of("/proc/self/ns", name));
            if (own.equals(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns", name)))) {
                holes.add("the namespace " + name + " is ours");
            }
        }
        holes.addAll(descriptors(worker, folder));
        return holes;
    }

    /** A shell may have a second descriptor of its own pipes, and has another at every moment. */
    private static List<String> descriptors(Worker worker, Path folder) throws IOException {
        List<String> holes = new ArrayList<>();
        Path all = Path.of("/proc/" + worker.tree().interpreter() + "/fd");
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(all)) {
            for (Path descriptor : descriptors) {
                try {
                    Path what = Files.readSymbolicLink(descriptor);
                    if (what.startsWith(folder) && !worker.pipes().have(what)) {
                        holes.add("descriptor " + descriptor.getFileName() + " is one of ours");
                    }
                } catch (NoSuchFileException e) {
                    // It has been closed meanwhile.
                }
            }
        }
        return holes;
    }

    /** Returns code that prints, line by line, what it should not have been able to do. */
    private String attempt(Language language, int port) {
        String code = switch (language) {
            case PYTHON -> PYTHON;
            case JAVASCRIPT -> JAVASCRIPT;
            case SHELL -> SHELL;
        };
        return code.replace("FOLDER", folder.toString()).replace("PORT", Integer.toString(port));
    }

    private static final String PYTHON = """
            import os, socket

            def tried(what, attempt):
                try:
                    attempt()
                except (OSError, AttributeError):
                    return
                print(what)

            for path in ('/etc/passwd', 'FOLDER', '/proc', '/sys', '/dev/shm', '/home', '/root', '/var'):
                tried(f'{path} is seen', lambda: os.stat(path))
            for path in ('/x', '/usr/x', '/dev/x'):
                tried(f'{path} is written', lambda: open(path, 'w'))
            tried('a port is reached', lambda: socket.create_connection(('127.0.0.1', PORT), 1))
            tried('a socket is made', lambda: socket.socket(socket.AF_UNIX))
            tried('a process is started', lambda: os.fork() or os._exit(0))
            tried('a command is started', lambda: os.posix_spawn('/usr/bin/prlimit', ['x'], {}))
            tried('the root is changed', lambda: os.chroot('/tmp'))
            tried('root is regained', lambda: os.setuid(0))
            tried('memory becomes a file', lambda: os.memfd_create('x'))
            tried('a process is held', lambda: os.pidfd_open(os.getpid()))
            for descriptor in range(5, 64):
                tried(f'descriptor {descriptor} is open', lambda: os.fstat(descriptor))
            if os.getuid() == 0 or os.geteuid() == 0:
                print('it is root')
            if os.getpid() > 3:
                print('it sees the processes of this machine')

            try:
                import ctypes
                kernel = ctypes.CDLL(None, use_errno=True).syscall
            except (ImportError, OSError):
                kernel = None
            calls = {'socket': 41, 'ptrace': 101, 'personality': 135, 'chroot': 161, 'mount': 165, 'add_key': 248, 'keyctl': 250,
                'unshare': 272, 'perf_event_open': 298, 'setns': 308, 'process_vm_readv': 310, 'seccomp': 317,
                'memfd_create': 319, 'bpf': 321, 'userfaultfd': 323, 'io_uring_setup': 425, 'pidfd_open': 434, 'openat2': 437}
            for name, number in calls.items():
                if kernel and (kernel(number, 1, 1, 0, 0, 0) != -1 or ctypes.get_errno() != 1):
                    print(f'the kernel lets {name} through')
            """;

    private static final String JAVASCRIPT = """
            const fs = require('fs');
            const tried = (what, attempt) => {
              try {
                attempt();
              } catch {
                return;
              }
              console.log(what);
            };
            for (const path of ['/etc/passwd', 'FOLDER', '/proc', '/sys', '/dev/shm', '/home', '/root', '/var']) {
              tried(path + ' is seen', () => fs.statSync(path));
            }
            for (const path of ['/x', '/usr/x', '/dev/x']) {
              tried(path + ' is written', () => fs.writeFileSync(path, 'x'));
            }
            tried('root is regained', () => process.setuid(0));
            if (process.getuid() === 0 || process.geteuid() === 0) {
              console.log('it is root');
            }
            if (process.pid > 3) {
              console.log('it sees the processes of this machine');
            }
            const { error } = require('child_process').spawnSync(process.execPath, ['--version']);
            if (!error) {
              console.log('a process is started');
            }
            await new Promise((done) => {
              const attempt = require('net').connect(PORT, '127.0.0.1');
              attempt.on('error', done);
              attempt.on('connect', () => {
                console.log('a port is reached');
                done();
              });
            });
            """;

    /** It is over with the first process that it cannot start. */
    private static final String SHELL = """
            for path in /etc/passwd FOLDER /proc /sys /dev/shm /home /root /var; do
              if [ -e "$path" ]; then echo "$path is seen"; fi
            done
            for path in /x /usr/x /dev/x; do
              if { echo x >$path; } 2>/dev/null; then echo "$path is written"; fi
            done
            if [ $$ -gt 3 ]; then echo 'it sees the processes of this machine'; fi
            (:)
            echo 'a process is started'
            """;
}
