package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import jakarta.servlet.http.HttpServlet;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What a closed gateway leaves in its virtual machine: nothing, so that a container can load its host again and again. */
@EnabledOnOs(OS.LINUX)
class RedeployTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));
    private static final int CYCLES = FULL ? 20 : 3;
    private static final Duration COLLECTED_WITHIN = Duration.ofSeconds(60);

    @Test
    @Incident("S93")
    void theClassLoaderOfAClosedGatewayCanBeCollected() throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int i = 0; i < CYCLES; i++) {
            loaders.add(startUseAndClose());
        }
        takeThePlaceInTheJdk();

        // When
        long end = System.nanoTime() + COLLECTED_WITHIN.toNanos();
        while (alive(loaders) > 0 && System.nanoTime() < end) {
            System.gc();
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }

        assertThat(alive(loaders)).as("class loaders that something holds").isZero();
    }

    /**
     * The JDK remembers, in one place for each method of records, the type of the component for which it made the method
     * last, and with it the loader. Not ours to mend; but the next loader with a record takes the place.
     */
    private static void takeThePlaceInTheJdk() throws Exception {
        try (URLClassLoader next = new URLClassLoader(classPath(), new ContainerOnly())) {
            Runnable records = (Runnable)
                    next.loadClass(Records.class.getName()).getConstructor().newInstance();
            records.run();
        }
    }

    /** Has each method of a record made whose component is of its own loader. */
    public static final class Records implements Runnable {

        private record Newest(Records component) {}

        @Override
        public void run() {
            Newest newest = new Newest(this);
            if (!newest.equals(new Newest(this))
                    || newest.hashCode() == 0
                    || newest.toString().isEmpty()) {
                throw new AssertionError(newest);
            }
        }
    }

    private static long alive(List<WeakReference<ClassLoader>> loaders) {
        return loaders.stream().filter(loader -> loader.get() != null).count();
    }

    private static WeakReference<ClassLoader> startUseAndClose() throws Exception {
        Thread current = Thread.currentThread();
        ClassLoader before = current.getContextClassLoader();
        List<JettyContainer> containers = new ArrayList<>();
        try (URLClassLoader loader = new URLClassLoader(classPath(), new ContainerOnly())) {
            current.setContextClassLoader(loader);
            Class<?> host = loader.loadClass(WholeGateway.class.getName());
            assertThat(host).isNotEqualTo(WholeGateway.class);
            @SuppressWarnings("unchecked")
            Consumer<ToIntFunction<HttpServlet>> gateway =
                    (Consumer<ToIntFunction<HttpServlet>>) host.getConstructor().newInstance();
            gateway.accept(servlet -> {
                JettyContainer container = new JettyContainer();
                containers.add(container);
                return start(container, servlet);
            });
            return new WeakReference<>(loader);
        } finally {
            current.setContextClassLoader(before);
            for (JettyContainer container : containers) {
                container.stop();
            }
        }
    }

    private static int start(JettyContainer container, HttpServlet servlet) {
        try {
            return container.start(servlet, "/mcp");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static URL[] classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .map(RedeployTest::url)
                .toArray(URL[]::new);
    }

    private static URL url(Path file) {
        try {
            return file.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new AssertionError(e);
        }
    }

    /** What a container shares with the applications in it: the JDK and itself. All else they load anew. */
    private static final class ContainerOnly extends ClassLoader {

        ContainerOnly() {
            super(ClassLoader.getPlatformClassLoader());
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("jakarta.servlet.") || name.startsWith("org.eclipse.jetty.")) {
                return RedeployTest.class.getClassLoader().loadClass(name);
            }
            throw new ClassNotFoundException(name);
        }
    }
}
