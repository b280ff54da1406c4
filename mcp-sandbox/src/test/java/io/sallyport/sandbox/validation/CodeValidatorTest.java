package io.sallyport.sandbox.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.wasm.WasmSandbox;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodeValidatorTest {

    private static WasmSandbox parser;

    @BeforeAll
    static void startTheParser() throws InterruptedException {
        parser = WasmSandbox.builder().languages(Set.of(Language.PYTHON)).build();
    }

    @AfterAll
    static void closeTheParser() {
        parser.close();
    }

    private final CodeValidator.Builder builder = CodeValidator.builder(parser);

    private List<Finding> python(String... lines) throws InterruptedException {
        return builder.build().check(Language.PYTHON, String.join("\n", lines)).findings();
    }

    private List<Finding> javaScript(String code) throws InterruptedException {
        return builder.build().check(Language.JAVASCRIPT, code).findings();
    }

    private static Rule rule(Language language, Rule.Where where, String... words) {
        return Rule.of("acme.rule", Finding.Severity.ERROR, language, where, Set.of(words), "not here");
    }

    @Test
    void saysWhereInPythonItWasFoundInCharacters() throws InterruptedException {
        assertThat(python("# €", "x = 'ü€😀' + y.__dict__"))
                .containsExactly(new Finding(
                        "py.dunder",
                        Finding.Severity.ERROR,
                        2,
                        13,
                        "special names lead to what objects are made of: __dict__"));
    }

    @Test
    void saysWhereInJavaScriptItWasFound() throws InterruptedException {
        assertThat(javaScript("/*\r\n\n*/ x.y(\n  () => eval)"))
                .extracting(Finding::toString)
                .containsExactly("4:9 js.evaluation: text is not to be run: eval");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "match inputs['n']:\n case n: pass",
                "match inputs['n']:\n case str() as n: pass",
                "@lambda f: inputs['n']\ndef n(): pass",
                "@lambda f: inputs['n']\nclass n: pass",
            })
    void aNameThatIsGivenAnythingElseIsNoConstant(String given) throws InterruptedException {
        assertThat(python("n = 'upper'", given, "getattr(x, n)"))
                .extracting(Finding::rule)
                .contains("py.dynamic-attribute");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "debugger\n/\"/; steal() //\"",
                "var x\n/\"/; steal() //\"",
                "a: for (;;) { if (0) break a /*\n*/ /\"/; steal() //\"\n}",
                "for (const i of [1]) { if (0) continue\n/\"/; steal() //\"\n}",
            })
    void aSlashAfterTheEndOfALineMayBeginARegularExpression(String code) throws InterruptedException {
        assertThat(javaScript(code)).extracting(Finding::rule).contains("js.ambiguous-slash");
    }

    @Test
    void codeCannotChangeWhatIsFound() throws InterruptedException {
        assertThat(python(
                        "import ast, sys",
                        "ast.parse = compile = len",
                        "result = []",
                        "names = {'check': lambda *a: []}",
                        "raise SystemExit(0)"))
                .extracting(Finding::rule)
                .contains("py.module", "py.evaluation");
    }

    @Test
    void findsAHundredAtTheMost() throws InterruptedException {
        assertThat(python("import os\n".repeat(500))).hasSize(100);
        assertThat(javaScript("eval;\n".repeat(500))).hasSize(100);
    }

    @Test
    void aFindingOfOneKindDoesNotHideOthersOnItsLine() throws InterruptedException {
        assertThat(python("import os; eval(x.__dict__)"))
                .extracting(Finding::rule)
                .containsExactly("py.module", "py.evaluation", "py.dunder");
    }

    @Test
    void hostsAllowModules() throws InterruptedException {
        builder.allowedModules(Set.of("numpy"));

        assertThat(python("import numpy.linalg as l", "import json"))
                .extracting(Finding::line)
                .containsExactly(2);
    }

    @Test
    void hostsAddRulesForNames() throws InterruptedException {
        builder.rule(rule(Language.PYTHON, Rule.Where.NAME, "sleep"));

        assertThat(python("sleep(1)", "x.sleep(1)")).extracting(Finding::rule).containsExactly("acme.rule");
    }

    @Test
    void hostsAddRulesForAttributes() throws InterruptedException {
        builder.rule(rule(Language.JAVASCRIPT, Rule.Where.ATTRIBUTE, "drop"));

        assertThat(javaScript("drop; a['dr' + 'op']"))
                .extracting(Finding::message)
                .containsExactly("not here: drop");
    }

    @Test
    void hostsAddRulesForDefinitions() throws InterruptedException {
        builder.rule(rule(Language.PYTHON, Rule.Where.DEFINITION, "main"));

        assertThat(python("main()", "def main(): pass"))
                .extracting(Finding::line)
                .containsExactly(2);
    }

    @Test
    void hostsAddRulesForTexts() throws InterruptedException {
        builder.rule(rule(Language.PYTHON, Rule.Where.TEXT, "DROP TABLE"));

        assertThat(python("x = 'drop' 'table'", "y = 'DROP' + chr(32) + 'table'.upper()"))
                .extracting(Finding::line)
                .containsExactly(2);
    }

    @Test
    void hostsLeaveRulesOut() throws InterruptedException {
        builder.without("js.evaluation");

        assertThat(javaScript("eval('1')")).isEmpty();
    }

    @Test
    void refusesToLeaveOutWhatIsNotThere() {
        assertThatThrownBy(() -> builder.without("js.evil")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesTwoRulesOfOneName() {
        builder.rule(rule(Language.PYTHON, Rule.Where.NAME, "a")).rule(rule(Language.PYTHON, Rule.Where.NAME, "b"));

        assertThatThrownBy(builder::build).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesARuleForCommands() {
        assertThatThrownBy(() -> rule(Language.SHELL, Rule.Where.NAME, "rm"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void looksAtSixtyFourKibibytesUnlessToldOtherwise() throws InterruptedException {
        assertThat(javaScript(" ".repeat(64 * 1024))).isEmpty();
        assertThat(javaScript(" ".repeat(64 * 1024 + 1)))
                .extracting(Finding::rule)
                .containsExactly("js.too-long");
    }

    @Test
    void looksAtAsMuchAsItIsTold() throws InterruptedException {
        builder.maxCodeBytes(3);

        assertThat(javaScript("abc")).isEmpty();
        assertThat(javaScript("€a")).extracting(Finding::rule).containsExactly("js.too-long");
    }

    @Test
    void whatNobodyCouldLookAtIsARejection() {
        assertThat(Verdict.unchecked("CheckUnavailable").isRejection()).isTrue();
        assertThat(Verdict.of(List.of()).isRejection()).isFalse();
    }
}
