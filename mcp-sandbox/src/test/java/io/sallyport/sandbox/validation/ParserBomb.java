package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.Language;
import java.util.List;
import java.util.stream.Stream;

/** Code that is made to bring parsers down. */
record ParserBomb(Language language, String name, String code) {

    static List<ParserBomb> all() {
        return Stream.concat(
                        Stream.of(
                                python("parentheses", "(".repeat(100_000)),
                                python("closed parentheses", "(".repeat(30_000) + "1" + ")".repeat(30_000)),
                                python("brackets", "[".repeat(5_000) + "]".repeat(5_000)),
                                python("braces", "{".repeat(5_000)),
                                python("assignments in parentheses", "(a=".repeat(400) + "1" + ")".repeat(400)),
                                python("lambdas", "lambda: ".repeat(20_000) + "0"),
                                python("lambda defaults", "(lambda a=".repeat(300) + "1" + ":0)".repeat(300)),
                                python("unary", "-".repeat(50_000) + "1"),
                                python("not", "not ".repeat(30_000) + "1"),
                                python("power", "1" + "**1".repeat(30_000)),
                                python("calls", "f" + "()".repeat(30_000)),
                                python("attributes", "f" + ".a".repeat(30_000)),
                                python("conditions", "1" + " if 1 else 1".repeat(10_000)),
                                python("indents", indents(90)),
                                python("elif", "if 1: pass\n" + "elif 1: pass\n".repeat(5_000)),
                                python("f-strings", "f'{".repeat(500)),
                                python("patterns", "match x:\n case " + "[".repeat(2_000)),
                                python("types", "x: " + "a[".repeat(2_000)),
                                python("null", "x = 1\0import os"),
                                python("only null", "\0"),
                                python("cookie", "# coding: utf-16\nx = 1"),
                                python("unknown cookie", "# coding: \u00e9\nx ="),
                                python("huge number", "9".repeat(60_000)),
                                python("huge power", "x = 9**9**9**9".replace("x =", "lambda:")),
                                python("line of a megabyte", "x = '" + "a".repeat(1_000_000) + "'"),
                                python("open text", "'''" + "\\".repeat(50_001)),
                                python("continuations", "\\\n".repeat(20_000)),
                                python("comments", "#\r".repeat(30_000)),
                                python("half a character", "x = '\ud800'"),
                                python("backslashes", "\\".repeat(10_000))),
                        Stream.of(
                                javaScript("parentheses", "(".repeat(100_000)),
                                javaScript("closed parentheses", "(".repeat(30_000) + "1" + ")".repeat(30_000)),
                                javaScript("brackets", "[".repeat(30_000)),
                                javaScript("arrow defaults", "(a=".repeat(400) + "1" + ")=>1".repeat(400)),
                                javaScript("short arrow defaults", "(a=".repeat(24) + "1" + ")=>1".repeat(24)),
                                javaScript("templates", "`${".repeat(20_000)),
                                javaScript("deep templates", "`${".repeat(400) + "1" + "}`".repeat(400)),
                                javaScript("open template", "`" + "$".repeat(60_000)),
                                javaScript("open comment", "/*".repeat(30_000)),
                                javaScript("open regex", "/[".repeat(30_000)),
                                javaScript("escapes", "\\u".repeat(30_000)),
                                javaScript("open brace escapes", "'" + "\\u{".repeat(20_000)),
                                javaScript("long brace escape", "'\\u{" + "0".repeat(60_000) + "}'"),
                                javaScript("sums of texts", "x=" + "'a'+".repeat(12_000) + "'a'"),
                                javaScript("joined", "[" + "'a',".repeat(15_000) + "'a'].join('')"),
                                javaScript("many joins", "['a','b'].join('');".repeat(3_000)),
                                javaScript("numbers", "String.fromCharCode(" + "1,".repeat(25_000) + "1)"),
                                javaScript("octal number", "0".repeat(60_000)),
                                javaScript("members", "JSON" + ".a".repeat(30_000)),
                                javaScript("unary", "!".repeat(60_000) + "1"),
                                javaScript("null", "1\0 + 1"),
                                javaScript("line of a megabyte", "'" + "a".repeat(1_000_000) + "'"),
                                javaScript("half a character", "'\ud800' + \udc00"),
                                javaScript("html comments", "<!--\n".repeat(10_000)),
                                javaScript("slashes", "}/".repeat(20_000))))
                .toList();
    }

    private static ParserBomb python(String name, String code) {
        return new ParserBomb(Language.PYTHON, name, code);
    }

    private static ParserBomb javaScript(String name, String code) {
        return new ParserBomb(Language.JAVASCRIPT, name, code);
    }

    private static String indents(int depth) {
        StringBuilder code = new StringBuilder();
        for (int i = 0; i < depth; i++) {
            code.append(" ".repeat(i)).append("if 1:\n");
        }
        return code.append(" ".repeat(depth)).append("pass").toString();
    }

    @Override
    public String toString() {
        return language.word() + "/" + name;
    }
}
