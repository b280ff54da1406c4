package io.sallyport.security.vault;

import io.sallyport.protocol.JsonValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Test vectors of the project Wycheproof, where a folder of them stands beside the project. */
final class Wycheproof {

    private static final Path FOLDER = Path.of("..", "..", "shared", "wycheproof");

    private Wycheproof() {}

    /** One vector, with what its group says of all that are in it. */
    record Vector(JsonValue group, JsonValue test) {

        byte[] bytes(String member) {
            return HexFormat.of().parseHex(test.getString(member).orElseThrow());
        }

        int size(String member) {
            return Integer.parseInt(
                    group.get(member).or(() -> test.get(member)).orElseThrow().toJson());
        }

        boolean isValid() {
            return test.getString("result").orElseThrow().equals("valid");
        }

        @Override
        public String toString() {
            return test.get("tcId").orElseThrow().toJson() + " "
                    + test.getString("comment").orElse("");
        }
    }

    static boolean isHere() {
        return Files.isDirectory(FOLDER);
    }

    static List<Vector> vectors(String file) throws IOException {
        JsonValue all = JsonValue.trusted(Files.readString(FOLDER.resolve(file)));
        List<Vector> vectors = new ArrayList<>();
        all.get("testGroups")
                .orElseThrow()
                .elements()
                .forEach(group -> group.get("tests")
                        .orElseThrow()
                        .elements()
                        .forEach(test -> vectors.add(new Vector(group, test))));
        return vectors;
    }
}
