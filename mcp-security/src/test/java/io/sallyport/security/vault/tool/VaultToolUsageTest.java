package io.sallyport.security.vault.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.tool.ToolRuns.Run;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the program makes of words that mean nothing, and what it ends with. */
class VaultToolUsageTest {

    private final ToolRuns tool = new ToolRuns();

    @TempDir
    private Path folder;

    private Run run(String... words) {
        return tool.run("", List.of(), words);
    }

    @Test
    void exitCodesAreWhatTheyWere() {
        assertThat(Arrays.stream(ExitCode.values()).map(it -> it + " " + it.number()))
                .containsExactly("DONE 0", "FOUND 1", "USAGE 2", "STORE 3", "KEY 4", "WAITS 5", "FAULT 70");
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "--help", "-h"})
    void helpNamesEveryCommandAndExitCode(String word) {
        Run run = run(word).endsWith(ExitCode.DONE);

        for (Command command : Command.values()) {
            assertThat(run.out()).contains("\n" + command.word() + " ");
        }
        for (ExitCode code : ExitCode.values()) {
            assertThat(run.out()).matches("(?s).*exit codes:.*\\b" + code.number() + " .*");
        }
    }

    @Test
    void noCommandIsRefused() {
        run().failsWith(ExitCode.USAGE, "no command", "init", "help");
        run("remove").failsWith(ExitCode.USAGE, "\"remove\"", "delete", "help");
    }

    @ParameterizedTest
    @CsvSource({
        "'list','needs either --dir FOLDER or --jdbc URL'",
        "'list --dir d --jdbc u','needs either --dir FOLDER or --jdbc URL'",
        "'list --dir d','needs --kek'",
        "'list --dir','--dir has no value'",
        "'list --dir d --dir e','--dir was given twice'",
        "'list --dir d --kek k --reveal','list has no option --reveal'",
        "'list acme/github --dir d --kek k','list takes options only'",
        "'get --dir d --kek k','get takes one NAME'",
        "'get -x/y --dir d --kek k --reveal','get has no option -x/y'",
        "'get a/b/c --dir d --kek k --reveal','b/c'",
        "'rotate --dry-run --abort --dir d --kek k','give one of them'",
        "'rotate --rows-per-second 0 --dir d --kek k','from 1 to'",
        "'rotate --sealer 1000000 --dir d --kek k','from 1 to'",
        "'init --dir d --kek k --kek l','needs one --kek'"
    })
    void whatIsNotUnderstoodIsSaidSo(String words, String reason) {
        run(words.split(" ")).failsWith(ExitCode.USAGE, reason);
    }

    @Test
    void aValueOnTheCommandLineIsRefusedAndNotShown() {
        Run behind = run("put", "acme/github", "canary", "--dir", "d", "--kek", "k");
        Run option = run("put", "acme/github", "--value=canary", "--dir", "d", "--kek", "k");

        behind.failsWith(ExitCode.USAGE, "standard input");
        option.failsWith(ExitCode.USAGE, "--value=…");
        assertThat(tool.said()).doesNotContain("canary");
    }

    @Test
    void whateverIsInAnErrorItIsOneLine() {
        run("list\nsecond\u001b[31m\r\nthird").failsWith(ExitCode.USAGE, "list second [31m third");
    }

    @Test
    void aFaultOfTheProgramHasNoStackAndNoText() {
        String kek = folder.resolve("kek").toString();
        List<String> place = List.of("--dir", folder.resolve("vault").toString(), "--kek", kek);
        tool.run("", place, "init").endsWith(ExitCode.DONE);
        InputStream broken = new InputStream() {
            @Override
            public int read() {
                throw new IllegalArgumentException("canary");
            }
        };

        Run run = tool.run(
                broken,
                Optional.empty(),
                List.of("put", "acme/github", "--dir", folder.resolve("vault").toString(), "--kek", kek));

        run.failsWith(ExitCode.FAULT, "IllegalArgumentException", "verify");
        assertThat(run.err()).doesNotContain("canary");
    }

    @ParameterizedTest
    @CsvSource({"DONE,WAITS,WAITS", "WAITS,FOUND,FOUND", "FOUND,WAITS,FOUND", "DONE,DONE,DONE", "WAITS,DONE,WAITS"})
    void theWorstOfSeveralCounts(ExitCode one, ExitCode other, ExitCode both) {
        assertThat(one.and(other)).isEqualTo(both);
    }
}
