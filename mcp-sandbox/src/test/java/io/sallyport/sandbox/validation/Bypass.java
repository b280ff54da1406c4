package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.Language;
import java.util.List;
import java.util.stream.Stream;

/**
 * A way past deny-lists, see {@code bypasses-python.txt} and {@code bypasses-javascript.txt}.
 *
 * @param id what it is called
 * @param code leaves what it has won in the variable {@code won}
 * @param loot what is done with that
 * @param isOwn whether it is of our own invention
 * @param isWinning whether it wins something, in the interpreters of the sandbox that we embed
 */
public record Bypass(Language language, String id, String code, String loot, boolean isOwn, boolean isWinning) {

    static List<Bypass> all() {
        return Stream.of(Language.PYTHON, Language.JAVASCRIPT)
                .flatMap(language -> all(language).stream())
                .toList();
    }

    static List<Bypass> all(Language language) {
        String loot = CodeTable.read("loot-" + language.word() + ".txt").get(0).code();
        return CodeTable.read("bypasses-" + language.word() + ".txt").stream()
                .map(it -> new Bypass(
                        language,
                        it.word(0),
                        it.code(),
                        loot,
                        it.words().contains("own"),
                        it.words().contains("wins")))
                .toList();
    }

    @Override
    public String toString() {
        return language.word() + "/" + id;
    }
}
