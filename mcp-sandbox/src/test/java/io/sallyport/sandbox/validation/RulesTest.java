package io.sallyport.sandbox.validation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.wasm.WasmSandbox;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each rule finds, and what it lets be: see {@code rules.txt}. */
class RulesTest {

    private static WasmSandbox parser;
    private static CodeValidator validator;

    @BeforeAll
    static void startTheParser() throws InterruptedException {
        parser = WasmSandbox.builder().languages(Set.of(Language.PYTHON)).build();
        validator = CodeValidator.builder(parser).build();
    }

    @AfterAll
    static void closeTheParser() {
        parser.close();
    }

    static List<CodeTable.Entry> examples() {
        return CodeTable.read("rules.txt");
    }

    static Stream<CodeTable.Entry> harmful() {
        return examples().stream().filter(example -> !example.word(1).equals("negative"));
    }

    static Stream<CodeTable.Entry> harmless() {
        return examples().stream().filter(example -> example.word(1).equals("negative"));
    }

    private static List<Finding> findings(CodeTable.Entry example) throws InterruptedException {
        Language language = example.word(0).startsWith("py.") ? Language.PYTHON : Language.JAVASCRIPT;
        Verdict verdict = validator.check(language, example.code());
        assertThat(verdict.unchecked()).isEmpty();
        return verdict.findings();
    }

    @ParameterizedTest
    @MethodSource("harmful")
    void findsWhatItIsFor(CodeTable.Entry example) throws InterruptedException {
        assertThat(findings(example)).extracting(Finding::rule).contains(example.word(0));
    }

    @ParameterizedTest
    @MethodSource("harmless")
    void findsNothingInCodeThatMeansNoHarm(CodeTable.Entry example) throws InterruptedException {
        assertThat(findings(example)).isEmpty();
    }

    @Test
    void everyRuleHasAnExampleOfEachKind() {
        assertThat(examples())
                .extracting(CodeTable.Entry::toString)
                .containsExactlyInAnyOrderElementsOf(CodeValidator.defaultRules().stream()
                        .map(Rule::id)
                        .flatMap(id -> Stream.of(id + " positive", id + " negative", id + " bypass"))
                        .toList());
    }
}
