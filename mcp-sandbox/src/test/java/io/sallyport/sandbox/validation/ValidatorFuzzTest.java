package io.sallyport.sandbox.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.wasm.WasmSandbox;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whatever it is given, the validator comes to a verdict, soon. */
class ValidatorFuzzTest {

    private static final Set<String> JAVA_SCRIPT = Set.of(
            "'",
            "\"",
            "`",
            "${",
            "}",
            "{",
            "(",
            ")",
            "[",
            "]",
            "/",
            "*",
            "//",
            "/*",
            "*/",
            "<!--",
            "-->",
            "#!",
            "#",
            "\\",
            "\\u0061",
            "\\u{61}",
            "\\u{",
            "\\x",
            "\n",
            "\r",
            "\u2028",
            "\0",
            "\ud800",
            "\udc00",
            "\ufeff",
            "€",
            "😀",
            " ",
            ".",
            "?.",
            "...",
            "=>",
            "++",
            "--",
            "+",
            "=",
            "==",
            ",",
            ":",
            ";",
            "0",
            "0x",
            "1e",
            "1.",
            "01",
            "1n",
            "function",
            "class",
            "async",
            "await",
            "yield",
            "of",
            "if",
            "while",
            "return",
            "this",
            "eval",
            "constructor",
            "prototype",
            "call",
            "join",
            "concat",
            "reverse",
            "split",
            "String",
            "fromCharCode",
            "toLowerCase",
            "'a'",
            "\"ev\"",
            "globalThis",
            "JSON",
            "import",
            "with",
            "arguments",
            "setTimeout");

    private static final Set<String> PYTHON = Set.of(
            "'",
            "\"",
            "'''",
            "f'",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ":",
            "\n",
            "\n ",
            "\n  ",
            "\r",
            "\f",
            "\0",
            "\ud800",
            "€",
            "😀",
            "\\",
            "#",
            "# coding: utf-7\n",
            "x",
            " = ",
            "==",
            ".",
            "__self__",
            "format",
            "'{0.a}'",
            "'%s%c'",
            " % ",
            "+",
            "*",
            "-",
            "9",
            "99999",
            "chr",
            "bytes",
            "fromhex",
            "join",
            "replace",
            "getattr",
            "type",
            "import ",
            "from ",
            "os",
            "json",
            "if ",
            "else",
            "def ",
            "class ",
            "lambda ",
            "match ",
            "case ",
            "with ",
            "try:",
            "except ",
            " as ",
            "global ",
            "@",
            "->",
            "await ",
            "async ",
            "b'\\xff'",
            "'a'",
            "''",
            ",",
            "**",
            "...",
            "1j",
            "1.5",
            "None",
            "{:>99}",
            ".encode()",
            ".decode()",
            "[::-1]",
            "[0]",
            "(1)",
            "('a')");

    private static final int TIMES = "full".equals(System.getProperty("sallyport.proof")) ? 4 : 1;

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    private static WasmSandbox parser;

    @BeforeAll
    static void startTheParser() throws InterruptedException {
        parser = WasmSandbox.builder().languages(Set.of(Language.PYTHON)).build();
    }

    @AfterAll
    static void closeTheParser() {
        parser.close();
    }

    private String code(Set<String> words, int most) {
        List<String> all = List.copyOf(words);
        StringBuilder code = new StringBuilder();
        int count = 1 + random.nextInt(most);
        for (int i = 0; i < count; i++) {
            code.append(all.get(random.nextInt(all.size())));
        }
        return code.toString();
    }

    private void comesToAVerdict(CodeValidator validator, Language language, String code) {
        Verdict verdict = assertTimeoutPreemptively(
                Duration.ofSeconds(30), () -> validator.check(language, code), () -> "seed " + seed + ": " + code);
        assertThat(verdict.unchecked()).as("seed %d: %s", seed, code).isEmpty();
        assertThat(verdict.findings()).allMatch(finding -> finding.line() > 0 && finding.column() > 0);
    }

    @Test
    void anyJavaScript() {
        CodeValidator validator = CodeValidator.builder(parser).build();
        for (int i = 0; i < 5_000 * TIMES; i++) {
            comesToAVerdict(validator, Language.JAVASCRIPT, code(JAVA_SCRIPT, 30));
        }
    }

    @Test
    void anyJavaScriptAsOftenAsThereIsRoom() {
        CodeValidator validator = CodeValidator.builder(parser).build();
        for (int i = 0; i < 125 * TIMES; i++) {
            String part = code(JAVA_SCRIPT, 8);
            comesToAVerdict(validator, Language.JAVASCRIPT, part.repeat(20_000 / part.length()));
        }
    }

    @Test
    void anyPython() {
        CodeValidator validator = CodeValidator.builder(parser).build();
        for (int i = 0; i < 75 * TIMES; i++) {
            comesToAVerdict(validator, Language.PYTHON, code(PYTHON, 12));
        }
    }

    /** What parses is looked at in full: sums, formats, slices and calls of texts. */
    @Test
    void anyTextsThatArePutTogether() {
        CodeValidator validator = CodeValidator.builder(parser).build();
        List<String> values = List.of(
                "'a'",
                "''",
                "b'\\xff'",
                "'{:>99}'",
                "'%s%c'",
                "-1",
                "0",
                "99999999999",
                "x",
                "1.5",
                "'{!x}'",
                "'\\ud800'");
        List<String> forms = List.of(
                "(A+B)",
                "(A*B)",
                "(A%B)",
                "(A%(B,))",
                "A[B]",
                "A[B:A:B]",
                "chr(A)",
                "bytes(A)",
                "str(A,B)",
                "A.join([A,B])",
                "A.replace(A,B)",
                "A.format(B)",
                "A.decode(B)",
                "bytes.fromhex(A)",
                "f'{A}{B}'",
                "-A",
                "(A^B)",
                "A.title()",
                "getattr(x,A)",
                "repr(A)",
                "A.strip(B)",
                "A.hex(B)",
                "A.encode(B)");
        for (int i = 0; i < 25 * TIMES; i++) {
            StringBuilder code = new StringBuilder("x = " + values.get(random.nextInt(values.size())) + "\n");
            for (int line = 0; line < 30; line++) {
                String made = forms.get(random.nextInt(forms.size()));
                for (int depth = 0; depth < 2; depth++) {
                    String inner = forms.get(random.nextInt(forms.size()));
                    made = made.replace("A", inner.contains("'") || made.contains("'") ? "x" : inner);
                }
                code.append(made.replace("A", values.get(random.nextInt(values.size())))
                                .replace("B", values.get(random.nextInt(values.size()))))
                        .append('\n');
            }
            comesToAVerdict(validator, Language.PYTHON, code.toString());
        }
    }
}
