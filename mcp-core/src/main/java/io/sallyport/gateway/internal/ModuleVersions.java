package io.sallyport.gateway.internal;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says at the start if this library's jars are of different versions, before a missing method says it in the night. */
public final class ModuleVersions {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.gateway");

    /** A folder that only our jars have, so that no other jar is opened. */
    private static final String OURS = "io/sallyport";

    private ModuleVersions() {}

    /** Warns if the jars that this class loader sees do not fit together. */
    public static void check(ClassLoader loader) {
        Map<String, String> versions = of(loader);
        if (new HashSet<>(versions.values()).size() > 1) {
            LOGGER.atWarn()
                    .addKeyValue("versions", versions)
                    .log("modules of different versions; import sallyport-bom, which names those that fit together");
        }
    }

    /** Returns the versions by module, as the jars' manifests say; compiled classes without a jar have none. */
    static Map<String, String> of(ClassLoader loader) {
        Map<String, String> versions = new TreeMap<>();
        try {
            for (URL folder : Collections.list(loader.getResources(OURS))) {
                manifestBeside(folder).map(Manifest::getMainAttributes).ifPresent(entries -> add(entries, versions));
            }
        } catch (IOException e) {
            LOGGER.atDebug().addKeyValue("error", e.toString()).log("the versions of the modules cannot be read");
        }
        return versions;
    }

    private static void add(Attributes manifest, Map<String, String> versions) {
        String module = manifest.getValue("Automatic-Module-Name");
        String version = manifest.getValue(Attributes.Name.IMPLEMENTATION_VERSION);
        if (module != null && version != null) {
            versions.put(module, version);
        }
    }

    private static Optional<Manifest> manifestBeside(URL folder) {
        String url = folder.toString().replaceFirst(OURS + "/?$", "META-INF/MANIFEST.MF");
        try {
            URLConnection connection = URI.create(url).toURL().openConnection();
            // A cached connection keeps the jar open, and with it a class loader that has gone.
            connection.setUseCaches(false);
            try (InputStream in = connection.getInputStream()) {
                return Optional.of(new Manifest(in));
            }
        } catch (IOException | IllegalArgumentException none) {
            return Optional.empty();
        }
    }
}
