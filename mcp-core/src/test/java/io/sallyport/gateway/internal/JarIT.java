package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.McpGateway;
import io.sallyport.testing.Incident;
import org.junit.jupiter.api.Test;

/** Runs against the jar, as a host does. */
class JarIT {

    @Test
    @Incident("S99")
    void theJarSaysWhichVersionItIs() {
        String version = McpGateway.class.getPackage().getImplementationVersion();

        assertThat(version).matches("\\d+\\.\\d+\\.\\d+.*");
        assertThat(ModuleVersions.of(McpGateway.class.getClassLoader())).containsEntry("io.sallyport.core", version);
    }
}
