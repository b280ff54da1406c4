package io.sallyport.examples.gateway;

import io.sallyport.examples.gateway.Section.Value;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.stdio.StdioCommand;
import io.sallyport.upstream.stdio.StdioUpstream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes an upstream of a server that the file gives a command for. */
final class StdioReader {

    /**
     * What a child gets of the gateway's own environment: enough for npx, uvx and docker to find programs, their caches
     * and the user's language, and no key or token that happens to be set. Everything else stands in the file.
     */
    static final List<String> INHERITED = List.of("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR");

    private final String name;
    private final Section section;

    StdioReader(String name, Section section) {
        this.name = name;
        this.section = section;
    }

    /** Returns the upstream; nothing if there is a problem. */
    Optional<Upstream> read() {
        int before = section.problems();
        section.refuse("headers", "url");
        Optional<Value> program = section.string("command");
        program.ifPresent(value -> section.show(section.pathOf("command"), Masking.urls(value.raw()), value.source()));
        List<Value> arguments = section.strings("args");
        showArguments(arguments);
        Map<String, Value> environment = section.secrets("env");
        showInherited(environment);
        Optional<Value> directory = section.string("cwd");
        directory.ifPresent(value -> section.show(section.pathOf("cwd"), value.raw(), value.source()));
        if (program.isEmpty() || section.problems() > before) {
            return Optional.empty();
        }
        return section.attempt(
                        section.pathOf("command"),
                        () -> StdioCommand.builder(program.get().text()))
                .map(command -> complete(command, arguments, environment, directory));
    }

    private Upstream complete(
            StdioCommand.Builder command,
            List<Value> arguments,
            Map<String, Value> environment,
            Optional<Value> directory) {
        command.inherit(inherited().toArray(String[]::new));
        environment.forEach(
                (key, value) -> section.attempt(variable(key), () -> command.environment(key, value.text())));
        directory.ifPresent(
                value -> section.attempt(section.pathOf("cwd"), () -> command.directory(Path.of(value.text()))));
        String before = "";
        for (int i = 0; i < arguments.size(); i++) {
            Value argument = arguments.get(i);
            boolean secret = argument.fromEnvironment() || Masking.hides(argument.text(), before);
            section.attempt(
                    argument(i),
                    () -> secret ? command.secretArgument(argument.text()) : command.arguments(argument.text()));
            before = argument.text();
        }
        return StdioUpstream.of(name, command.build()).build();
    }

    private void showArguments(List<Value> arguments) {
        String before = "";
        for (int i = 0; i < arguments.size(); i++) {
            Value argument = arguments.get(i);
            section.show(argument(i), Masking.argument(argument.raw(), before), argument.source());
            before = argument.raw();
        }
    }

    private void showInherited(Map<String, Value> environment) {
        inherited().stream()
                .filter(key -> !environment.containsKey(key))
                .forEach(key -> section.show(variable(key), Setting.HIDDEN, "inherited, env " + key));
    }

    private String argument(int index) {
        return Section.child(section.pathOf("args"), index);
    }

    private String variable(String key) {
        return Section.child(section.pathOf("env"), key);
    }

    private static List<String> inherited() {
        return INHERITED.stream().filter(System.getenv()::containsKey).toList();
    }
}
