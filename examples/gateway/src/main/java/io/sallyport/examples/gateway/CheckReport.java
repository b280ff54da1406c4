package io.sallyport.examples.gateway;

import io.sallyport.upstream.stdio.StdioUpstream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** What {@code --check-config} prints: every setting with its source, secrets hidden, and whether all is well. */
final class CheckReport {

    private static final int WIDEST = 48;

    private CheckReport() {}

    /** Looks whether what the file names can be started, without starting it. */
    static void preflight(Configuration configuration, Problems problems) {
        for (ConfiguredServer server : configuration.servers()) {
            if (server.upstream() instanceof StdioUpstream stdio) {
                stdio.problem()
                        .ifPresent(text -> problems.add(Section.child("mcpServers", server.name()) + ".command", text));
            }
        }
    }

    static void print(Options options, Configuration configuration, Problems problems, PrintStream out) {
        List<Setting> all = new ArrayList<>(options.settings());
        all.addAll(configuration.settings());
        int names = width(all.stream().map(Setting::name).toList());
        int values = width(all.stream().map(Setting::shown).toList());
        for (Setting setting : all) {
            out.println(pad(setting.name(), names) + "  " + pad(setting.shown(), values) + "  " + setting.source());
        }
        configuration.notes().forEach(note -> out.println("note: " + note));
        problems.lines().forEach(line -> out.println("problem: " + line));
        if (problems.isEmpty()) {
            out.println("OK");
        }
    }

    private static int width(List<String> texts) {
        return Math.min(WIDEST, texts.stream().mapToInt(String::length).max().orElse(0));
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
