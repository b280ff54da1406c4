package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Readers copy the Java of our pages; so it compiles. */
class DocsCodeTest {

    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    /** What a piece that is no whole file may use without saying so. */
    private static final String PROLOGUE = """
            import io.sallyport.catalogue.*;
            import io.sallyport.egress.*;
            import io.sallyport.filter.*;
            import io.sallyport.gateway.*;
            import io.sallyport.gateway.servlet.*;
            import io.sallyport.protocol.JsonValue;
            import io.sallyport.resilience.*;
            import io.sallyport.resilience.ratelimit.BucketStore;
            import io.sallyport.resilience.ratelimit.Limit;
            import io.sallyport.resilience.ratelimit.LimitScope;
            import io.sallyport.resilience.ratelimit.Rate;
            import io.sallyport.resilience.ratelimit.RateLimits;
            import io.sallyport.resilience.ratelimit.redis.*;
            import io.sallyport.resilience.ratelimit.servlet.*;
            import io.sallyport.sandbox.*;
            import io.sallyport.sandbox.process.*;
            import io.sallyport.sandbox.remote.*;
            import io.sallyport.sandbox.tools.*;
            import io.sallyport.sandbox.validation.*;
            import io.sallyport.sandbox.wasm.*;
            import io.sallyport.security.vault.*;
            import io.sallyport.session.jdbc.*;
            import io.sallyport.session.redis.*;
            import io.sallyport.session.sdk.*;
            import io.sallyport.spi.*;
            import io.sallyport.upstream.*;
            import io.sallyport.upstream.http.*;
            import io.sallyport.upstream.local.*;
            import io.sallyport.upstream.stdio.*;
            import jakarta.servlet.*;
            import java.net.URI;
            import java.nio.charset.StandardCharsets;
            import java.nio.file.Path;
            import java.security.MessageDigest;
            import java.time.Duration;
            import java.util.Base64;
            import java.util.EnumSet;
            import java.util.List;
            import java.util.Optional;
            import java.util.Set;
            import javax.crypto.SecretKey;
            import javax.crypto.spec.SecretKeySpec;
            import javax.naming.InitialContext;
            import javax.sql.DataSource;

            final class Piece {
                McpGateway gateway;
                Vault vault;
                VaultStore store;
                AuditSink sink;
                SecretValue token;
                SecretPolicy policy;
                Authenticator authenticator;
                Principal principal;
                RateLimits limits;
                Upstream search;

                void run(ServletContext servletContext) throws Exception {
            """;

    @TempDir
    Path out;

    @TestFactory
    Stream<DynamicTest> javaOfThePagesCompiles() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path page : pages()) {
            Matcher blocks = BLOCK.matcher(Files.readString(page));
            for (int number = 1; blocks.find(); number++) {
                String code = blocks.group(1);
                tests.add(DynamicTest.dynamicTest(
                        ROOT.relativize(page) + ", block " + number,
                        () -> assertThat(compile(code)).isEmpty()));
            }
        }
        assertThat(tests).hasSizeGreaterThan(5);
        return tests.stream();
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"));
                Stream<Path> modules = Files.list(ROOT)) {
            return Stream.of(
                            Stream.of(ROOT.resolve("README.md")),
                            docs.filter(file -> file.toString().endsWith(".md")),
                            modules.map(folder -> folder.resolve("README.md")).filter(Files::isRegularFile))
                    .flatMap(pages -> pages)
                    .sorted()
                    .toList();
        }
    }

    /** Returns what the compiler has to say; nothing if all is well. */
    private String compile(String code) {
        Matcher type =
                Pattern.compile("^public final class (\\w+)", Pattern.MULTILINE).matcher(code);
        String name = type.find() ? type.group(1) : "Piece";
        String source = name.equals("Piece") ? PROLOGUE + code + "}}" : code;
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        compiler.getTask(
                        said,
                        null,
                        null,
                        List.of("-d", out.toString(), "-cp", System.getProperty("java.class.path"), "--release", "17"),
                        null,
                        List.of(new Source(name, source)))
                .call();
        return said.toString();
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String code;

        Source(String name, String code) {
            super(URI.create("string:///" + name + JavaFileObject.Kind.SOURCE.extension), Kind.SOURCE);
            this.code = code;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }
    }
}
