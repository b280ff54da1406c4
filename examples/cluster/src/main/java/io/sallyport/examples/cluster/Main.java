package io.sallyport.examples.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Starts a cluster and clients, kills nodes, and says what the clients noticed. {@link Options#USAGE} says what it takes.
 *
 * <p>The standard output has the line {@code READY} with the URL, and with {@code --chaos} the account as its last; all
 * else goes to standard error. It exits with 0 if nothing was lost, duplicated or reordered, with 1 if something was or
 * anything else went wrong, and with 2 if an option is wrong.
 */
public final class Main {

    private static final int CLIENTS = 5;
    private static final int SHOW_EVERY_SECONDS = 5;
    private static final int FINISH_MINUTES = 2;
    private static final int LEAVE_SECONDS = 5;

    private final Thread main = Thread.currentThread();
    private final Options options;
    private final Account account = new Account();
    private final Cluster cluster;
    private final Random random;
    private final AtomicBoolean enough = new AtomicBoolean();
    private final AtomicBoolean ending = new AtomicBoolean();
    private final AtomicBoolean failed = new AtomicBoolean();
    private final CountDownLatch left = new CountDownLatch(1);
    private final List<Client> clients = new CopyOnWriteArrayList<>();
    private final List<Future<?>> work = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "client");
        thread.setDaemon(true);
        return thread;
    });

    private Main(Options options) throws IOException {
        this.options = options;
        this.random = new Random(options.seed());
        this.cluster = new Cluster(options, account);
    }

    /** Runs it. */
    public static void main(String[] args) {
        if (Options.asksForHelp(args)) {
            System.out.print(Options.USAGE);
            return;
        }
        Options options;
        try {
            options = Options.parse(args);
        } catch (IllegalArgumentException e) {
            say(e.getMessage() + "\n--help says what the options are");
            System.exit(2);
            return;
        }
        int exitCode = 1;
        try {
            exitCode = new Main(options).exitCode();
        } catch (IOException e) {
            say("cluster: " + e.getMessage());
        }
        System.exit(exitCode);
    }

    private static void say(String line) {
        System.err.println(line);
    }

    private int exitCode() {
        // Nothing needs it to end, all watch their standard input; but who ends us may rely on all being gone with us.
        Runtime.getRuntime().addShutdownHook(new Thread(this::end, "end"));
        try {
            return run();
        } catch (IOException | ExecutionException e) {
            // What is interrupted by the end may fail.
            if (!ending.get()) {
                failed.set(true);
                say("cluster: " + e.getMessage());
            }
        } catch (InterruptedException e) {
            if (options.chaos() > 0) {
                say("cluster: ended before it was done");
            }
        } finally {
            left.countDown();
        }
        return 1;
    }

    private int run() throws IOException, InterruptedException, ExecutionException {
        cluster.start();
        say(cluster.nodes().count() + " nodes that share " + (options.store().equals("redis") ? "Redis" : "PostgreSQL")
                + ", behind "
                + (options.nginx() ? "nginx" : "a small balancer of ours") + "; seed " + options.seed() + "; logs in "
                + cluster.folder());
        System.out.println("READY " + cluster.url());
        if (options.chaos() == 0) {
            show();
        } else {
            chaos();
        }
        cluster.close();
        account.settle();
        account.remarks().forEach(Main::say);
        say(account.interruptions());
        System.out.println(account);
        return account.isClean() ? 0 : 1;
    }

    /** Ends who kills nodes, then the clients, then what they use: nobody is to notice, or to count, how that ends. */
    private void end() {
        ending.set(true);
        account.close();
        main.interrupt();
        try {
            // It starts nodes and clients, of which the rest of this would not know.
            left.await(LEAVE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // Nobody does.
        }
        clients.forEach(Client::stop);
        threads.shutdownNow();
        cluster.close();
        if (failed.get() || !account.isClean()) {
            say("cluster: the logs stay in " + cluster.folder());
            return;
        }
        try {
            cluster.deleteLogs();
        } catch (IOException | UncheckedIOException e) {
            say("cluster: the logs are still there: " + e);
        }
    }

    /** One client, and a kill every few seconds, of the node that works for it; until something is lost, or for ever. */
    private void show() throws IOException, InterruptedException, ExecutionException {
        Future<?> client = startClient(0);
        while (account.isClean() && !client.isDone()) {
            TimeUnit.SECONDS.sleep(SHOW_EVERY_SECONDS);
            kill(cluster.nodes().lastAtWork());
            int before = account.calls();
            // The one that was cut off, and one more.
            while (account.calls() < before + 2 && !client.isDone()) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
            say("the client goes on in its session: " + account + " (" + account.interruptions() + ")");
        }
        finishClients();
    }

    /** Several clients, and kills at random moments. */
    private void chaos() throws IOException, InterruptedException, ExecutionException {
        for (int i = 0; i < CLIENTS; i++) {
            startClient(i);
        }
        for (int i = 0; i < options.chaos(); i++) {
            TimeUnit.MILLISECONDS.sleep(100 + random.nextInt(900));
            kill(random.nextInt(cluster.nodes().count()));
        }
        finishClients();
    }

    /** Kills a node and starts another in its place. */
    private void kill(int node) throws IOException, InterruptedException {
        long killed = cluster.nodes().pid(node);
        cluster.nodes().kill(node);
        account.killed();
        say("killed node " + (node + 1) + ", process " + killed);
        cluster.nodes().start(node);
        say("started node " + (node + 1) + " again, process " + cluster.nodes().pid(node));
    }

    private Future<?> startClient(int number) {
        Random choice = new Random(options.seed() + number);
        Client client = new Client(cluster.url(), account);
        clients.add(client);
        Future<?> its = threads.submit(() -> {
            client.open();
            while (!enough.get()) {
                if (choice.nextInt(4) == 0) {
                    client.read();
                } else {
                    client.count(1 + choice.nextInt(50));
                }
            }
            client.close();
            return null;
        });
        work.add(its);
        return its;
    }

    /** Lets the clients finish what they have begun. */
    private void finishClients() throws InterruptedException, ExecutionException {
        enough.set(true);
        for (Future<?> client : work) {
            try {
                client.get(FINISH_MINUTES, TimeUnit.MINUTES);
            } catch (TimeoutException e) {
                account.lost("an answer for which a client still waits");
            }
        }
    }
}
