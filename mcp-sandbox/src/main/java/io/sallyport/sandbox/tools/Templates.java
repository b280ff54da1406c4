package io.sallyport.sandbox.tools;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.SandboxRefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What callers call the languages. */
final class Templates {

    private final List<String> words = new ArrayList<>();

    Templates(Set<Language> languages) {
        if (languages.contains(Language.PYTHON)) {
            words.add("python");
        }
        if (languages.contains(Language.JAVASCRIPT)) {
            words.add("javascript");
            words.add("node");
        }
    }

    /** Returns what callers may say, the default first. */
    List<String> words() {
        return List.copyOf(words);
    }

    Language byDefault() {
        return of(words.get(0));
    }

    Language parse(String word) throws SandboxRefusedException {
        if (!words.contains(word)) {
            throw Arguments.wrong("the argument \"template\" must be one of " + String.join(", ", words));
        }
        return of(word);
    }

    private static Language of(String word) {
        return word.equals("python") ? Language.PYTHON : Language.JAVASCRIPT;
    }
}
