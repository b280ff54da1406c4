package io.sallyport.upstream.stdio;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The small process that outlives the gateway for the second that it takes to kill what the gateway left behind. One
 * per gateway. It reads its standard input and does nothing else: when that ends and no {@code end} was read, the
 * gateway is dead, however it died.
 *
 * <p>It has a session of its own, so that neither a Ctrl-C nor the signal to a process group that ends the gateway ends
 * it too. Java closes all descriptors of the gateway in it: no port and no file stays open through it.
 *
 * <p>Confined to the thread of {@link ChildGuard}, {@link #isAlive()} and {@link #kill()} excepted.
 */
final class Watchdog {

    /**
     * The rules are those of {@link MarkedTree}. It is plain POSIX shell, known to run in dash, bash and BusyBox. Of
     * external programs it uses {@code sleep}, and {@code grep} if that looks behind a NUL (GNU's does, BusyBox's does
     * not); else it reads every environment itself, slowly. {@code /proc} prints NUL between variables, which {@code
     * read} drops: the mark is random enough to be found without.
     *
     * <p>It goes on for a second after it found nothing, since a child that was being started when the gateway died
     * gets its mark only with its {@code exec}; and it gives up after a minute, for what {@code kill -9} does not end
     * in that time belongs to another user or waits for a broken device.
     */
    private static final String SCRIPT = """
            mark=$1 home=$2 told=
            trap '' HUP INT QUIT TERM
            while read -r word pid start; do
              case $word in
                +) told="$told $pid:$start" ;;
                -) rest=
                   for t in $told; do [ "$t" = "$pid:$start" ] || rest="$rest $t"; done
                   told=$rest ;;
                end) exit 0 ;;
              esac
            done
            # Sets entry to pid:start:parent:session of a process that runs.
            entry() {
              stat=
              while IFS= read -r part || [ -n "$part" ]; do stat="$stat $part"; done 2>/dev/null <"/proc/$1/stat"
              set -- "$1" ${stat##*) }
              case ${2-Z} in Z|X|x) return 1 ;; esac
              entry=$1:${21}:$3:$5
            }
            marked() {
              while IFS= read -r part || [ -n "$part" ]; do
                case $part in *"$mark"*) return 0 ;; esac
              done 2>/dev/null <"/proc/$1/environ"
              return 1
            }
            take() {
              case $pids in *" ${1%%:*} "*) return ;; esac
              victims="$victims $1" pids="$pids${1%%:*} "
              case " $home 0$sessions" in *" ${1##*:} "*) ;; *) sessions="$sessions${1##*:} " ;; esac
            }
            able=$(printf 'a\\000b\\n' | grep -cF b 2>/dev/null)
            sessions=' ' quiet=0 rounds=0
            while [ $quiet -lt 5 ] && [ $rounds -lt 300 ]; do
              files=every
              if [ "$able" = 1 ]; then
                files=$(grep -lF "$mark" /proc/[0-9]*/environ 2>/dev/null)
                [ $? -lt 126 ] || files=every
              fi
              table= victims= pids=' ' seeds=' '
              for d in /proc/[0-9]*; do
                [ "$d" = /proc/$$ ] || ! entry "${d#/proc/}" || table="$table $entry"
              done
              for e in $table; do
                p=${e%%:*}
                case $files in
                  every|*"/proc/$p/environ"*) if marked "$p"; then seeds="$seeds$p "; take "$e"; fi ;;
                esac
              done
              for t in $told; do
                if entry "${t%%:*}"; then
                  if [ "${entry%:*:*}" = "$t" ]; then take "$entry"; fi
                else
                  sessions="$sessions${t%%:*} "
                fi
              done
              grown=1
              while [ $grown ]; do
                grown=
                for e in $table; do
                  case $pids in *" ${e%%:*} "*) continue ;; esac
                  p=${e%:*}
                  case $pids in *" ${p##*:} "*) take "$e"; grown=1; continue ;; esac
                  case $sessions in *" ${e##*:} "*) take "$e"; grown=1 ;; esac
                done
              done
              for e in $victims; do
                p=${e%%:*}
                entry "$p" && [ "${entry%:*:*}" = "${e%:*:*}" ] || continue
                case $seeds in *" $p "*) marked "$p" || continue ;; esac
                kill -9 "$p" 2>/dev/null
              done
              if [ "$victims" ]; then quiet=0; else quiet=$((quiet + 1)); fi
              rounds=$((rounds + 1))
              sleep 0.2 2>/dev/null || sleep 1
            done
            """;

    private final Process process;

    private Watchdog(Process process) {
        this.process = process;
    }

    /**
     * Starts one.
     *
     * @param mark what every process of this gateway has in its environment
     * @param session the session of the gateway, in which others are as well
     */
    static Watchdog start(Path shell, Optional<Path> setsid, String mark, long session) throws IOException {
        List<String> command = new ArrayList<>();
        setsid.ifPresent(program -> command.add(program.toString()));
        command.addAll(List.of(shell.toString(), "-c", SCRIPT, "sallyport-watchdog", mark, Long.toString(session)));
        // It must not keep a folder busy that the gateway was started in, nor a pipe that the gateway writes to.
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD);
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.put("PATH", ChildGuard.searchPath());
        environment.put("LC_ALL", "C");
        return new Watchdog(ChildGuard.start(builder));
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Tells of a child that runs. The mark would be enough, did not some programs overwrite their environment. */
    void add(String pidAndStart) throws IOException {
        tell("+ " + pidAndStart);
    }

    /** Tells that nothing is left of a child. */
    void remove(String pidAndStart) throws IOException {
        tell("- " + pidAndStart);
    }

    private void tell(String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
    }

    /** Sends it home: there is nothing left to kill. Returns once it is gone. */
    void dismiss(Duration bound) throws InterruptedException {
        try {
            tell("end");
            process.getOutputStream().close();
        } catch (IOException e) {
            // It is gone already.
        }
        if (!process.waitFor(bound.toNanos(), TimeUnit.NANOSECONDS)) {
            kill();
        }
    }

    /** Lets it do its work although the gateway lives; it ends by itself. */
    void unleash() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // It is gone already.
        }
    }

    /** Ends it at once. Not through {@link Process#destroyForcibly}, which waits for a thread that writes to it. */
    void kill() {
        process.toHandle().destroyForcibly();
    }
}
