package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Incident("S99")
class ModuleVersionsTest {

    @TempDir
    Path folder;

    private URL jar(String module, String version) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(new Attributes.Name("Automatic-Module-Name"), module);
        manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
        Path file = folder.resolve(module + ".jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(file), manifest)) {
            out.putNextEntry(new JarEntry("io/sallyport/"));
        }
        return file.toUri().toURL();
    }

    @Test
    void namesModulesThatDoNotFitTogether() throws IOException {
        URL[] jars = {jar("io.sallyport.core", "1.1"), jar("io.sallyport.sandbox", "1.2")};
        try (URLClassLoader loader = new URLClassLoader(jars, null);
                CapturedLog log = CapturedLog.of("io.sallyport.gateway")) {
            // When
            ModuleVersions.check(loader);

            assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .contains("io.sallyport.core=1.1", "io.sallyport.sandbox=1.2", "sallyport-bom");
        }
    }

    @Test
    void saysNothingOfModulesThatDo() throws IOException {
        URL[] jars = {jar("io.sallyport.core", "1.1"), jar("io.sallyport.sandbox", "1.1")};
        try (URLClassLoader loader = new URLClassLoader(jars, null);
                CapturedLog log = CapturedLog.of("io.sallyport.gateway")) {
            // When
            ModuleVersions.check(loader);

            assertThat(ModuleVersions.of(loader))
                    .isEqualTo(Map.of("io.sallyport.core", "1.1", "io.sallyport.sandbox", "1.1"));
            assertThat(log.lines()).isEmpty();
        }
    }

    @Test
    void compiledClassesWithoutAJarHaveNoVersion() {
        try (CapturedLog log = CapturedLog.of("io.sallyport.gateway")) {
            // When
            ModuleVersions.check(new ClassLoader(null) {});

            assertThat(log.lines()).isEmpty();
        }
    }
}
