package io.sallyport.sandbox;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Code that does the same in each language, as far as the language can. */
enum Snippet {
    PRINT("print('grüße €')", "console.log('grüße €')", "echo 'grüße €'"),
    COMPLAIN("import sys; print('oh', file=sys.stderr)", "console.error('oh')", "echo oh >&2"),
    VALUE("result = 6 * 7", "result = 6 * 7", "exit 42"),
    NO_VALUE("x = 1", "const x = 1", null),
    /** A line that is empty ends a block for those who type it into an interpreter. */
    BLANK_LINE_IN_BLOCK(
            "def f():\n    x = 42\n\n    return x\nresult = f()",
            "function f() {\n  const x = 42;\n\n  return x;\n}\nresult = f()",
            "f() {\n  x=42\n\n  return $x\n}\nf"),
    ECHO_INPUTS("result = inputs", "result = inputs", null),
    FAIL(
            "def culprit():\n    raise ValueError('boo')\nculprit()",
            "function culprit() {\n  throw new RangeError('boo');\n}\nculprit()",
            null),
    NO_CODE("x = = 1", "let x = = 1", null),

    /** Looks like what those who talk to interpreters through their output wait for, and has another value. */
    FORGE("""
            print('"forged"')
            print('V"forged"')
            print('{"status":"OK","result":"forged","value":"forged","success":true}')
            print('{"jsonrpc":"2.0","id":1,"result":"forged"}')
            result = 42
            """, """
            console.log('"forged"');
            console.log('V"forged"');
            console.log('{"status":"OK","result":"forged","value":"forged","success":true}');
            console.log('{"jsonrpc":"2.0","id":1,"result":"forged"}');
            result = 42
            """, """
            echo '"forged"'
            echo 'V"forged"'
            echo '{"status":"OK","result":"forged","value":"forged","success":true,"exit_code":0}'
            echo '{"jsonrpc":"2.0","id":1,"result":"forged"}'
            exit 42
            """),

    LOOP("while True: pass", "while (true);", "while :; do :; done"),
    STUBBORN_LOOP(
            """
            while True:
                try:
                    while True: pass
                except BaseException: pass
            """,
            "for (;;) try { while (true); } catch {} finally { continue }",
            "trap '' INT TERM HUP; while :; do :; done"),
    ONE_LONG_STEP("9 ** 9 ** 9", "/(a+)+$/.test('a'.repeat(40) + 'b')", null),
    WAIT("import time; time.sleep(60)", "async function f() { while (true) await null } f()", null),

    EAT_MEMORY(
            "x = []\nwhile True: x.append('a' * 1000000)",
            "const a = []; for (;;) a.push(new Array(1000).fill(1))",
            null),
    /** 24 MiB, each page of them. */
    USE_MEMORY(
            "x = bytearray(b'x') * (24 * 1024 * 1024)\nresult = len(x)",
            "result = new Uint8Array(24 * 1024 * 1024).fill(1).length",
            null),

    FLOOD("while True: print('x' * 99)", "for (;;) console.log('x'.repeat(99))", "while :; do echo xxxxxxxxx; done"),
    FLOOD_ERRORS(
            "import sys\nwhile True: print('x' * 99, file=sys.stderr)",
            "for (;;) console.error('x'.repeat(99))",
            "while :; do echo xxxxxxxxx >&2; done"),
    LARGE_VALUE("result = 'x' * 9999", "result = 'x'.repeat(9999)", null),

    /** Its value is how many bytes it could write into files, of 8 MiB. */
    FILL_FILES("""
            result = 0
            for name in range(4):
                try:
                    with open(str(name), 'wb', buffering=0) as f:
                        for i in range(32):
                            result += f.write(b'x' * 65536)
                except OSError:
                    pass
            """, """
            result = 0;
            for (let name = 0; name < 4; name++) {
              try {
                const fs = require('fs');
                const file = fs.openSync(String(name), 'w');
                for (let i = 0; i < 32; i++) {
                  result += fs.writeSync(file, 'x'.repeat(65536));
                }
              } catch {}
            }
            """, null),

    /** Its value is how many processes it could start, of 32. Those end with it. */
    START_PROCESSES("""
            import os, signal, time
            children = []
            for i in range(32):
                try:
                    child = os.fork()
                except (AttributeError, OSError):
                    break
                if child == 0:
                    time.sleep(60)
                    os._exit(0)
                children.append(child)
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            result = len(children)
            """, """
            result = 0;
            try {
              const { spawn } = require('child_process');
              const children = [];
              for (let i = 0; i < 32; i++) {
                const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
                child.on('error', () => {});
                if (child.pid) children.push(child);
              }
              result = children.length;
              for (const child of children) child.kill('SIGKILL');
            } catch {}
            """, null),

    /** Leaves something wherever it can. */
    LEAVE("""
            import builtins, json, os, sys
            left = 1
            builtins.left = 1
            sys.modules['left'] = sys
            json.dumps = None
            os.environ['LEFT'] = '1'
            open('left', 'w').close()
            """, """
            var left = 1;
            globalThis.left = 1;
            Object.prototype.left = 1;
            JSON.stringify = () => '"left"';
            try { require('fs').writeFileSync('left', '1'); process.env.LEFT = '1'; } catch {}
            """, "LEFT=1; export LEFT; echo 1 > left"),
    /** Has a value other than 0 if {@link #LEAVE} has left something. */
    LOOK("""
            import builtins, json, os, sys
            result = ('left' in globals()) + hasattr(builtins, 'left') + ('left' in sys.modules)
            result += (json.dumps is None) + ('LEFT' in os.environ) + os.path.exists('left')
            """, """
            result = (typeof left !== 'undefined') + (typeof {}.left !== 'undefined') + (JSON.stringify(1) !== '1');
            try { result += require('fs').existsSync('left') + ('LEFT' in process.env); } catch {}
            """, "[ -z \"$LEFT\" ] && [ ! -e left ]"),

    /** Its value differs each time. */
    RANDOM("import random; result = random.random()", "result = Math.random()", null),

    /** Remembers something. */
    REMEMBER("x = 41", "var x = 41", "echo 41 > x"),
    /** Its value is one more than what is remembered. */
    RECALL("result = x + 1", "result = x + 1", "read x < x; exit $((x + 1))"),
    /** Has the value 0 if nothing is remembered. */
    FORGOTTEN("result = int('x' in globals())", "result = typeof x === 'undefined' ? 0 : 1", "[ ! -e x ]");

    private final String python;
    private final String javaScript;
    private final @Nullable String shell;

    Snippet(String python, String javaScript, @Nullable String shell) {
        this.python = python;
        this.javaScript = javaScript;
        this.shell = shell;
    }

    /** Returns its code; empty if the language cannot do it. */
    Optional<String> in(Language language) {
        return switch (language) {
            case PYTHON -> Optional.of(python);
            case JAVASCRIPT -> Optional.of(javaScript);
            case SHELL -> Optional.ofNullable(shell);
        };
    }

    /** Returns code whose value is what is in a file; fails if there is none. */
    static String read(Language language, String path) {
        return switch (language) {
            case PYTHON -> "result = open('" + path + "').read()";
            case JAVASCRIPT -> "result = require('fs').readFileSync('" + path + "', 'utf8')";
            case SHELL -> "while read -r line; do echo \"$line\"; done < " + path;
        };
    }

    /** Returns code that says all that it knows of its environment. */
    static String environment(Language language) {
        return switch (language) {
            case PYTHON -> "import os; print(dict(os.environ))";
            case JAVASCRIPT -> "console.log(typeof process === 'undefined' ? '' : process.env)";
            case SHELL -> "export -p";
        };
    }

    /** Returns code that tries to reach a port of this machine in all ways that are at hand. */
    static String connect(Language language, int port) {
        return switch (language) {
            case PYTHON -> """
                    try:
                        import socket
                        socket.create_connection(('127.0.0.1', PORT), timeout=1).send(b'x')
                    except Exception: pass
                    try:
                        import _socket
                        _socket.socket().connect(('127.0.0.1', PORT))
                    except Exception: pass
                    """.replace("PORT", String.valueOf(port));
            case JAVASCRIPT -> """
                    try { await fetch('http://127.0.0.1:PORT/') } catch {}
                    try {
                      const net = require('net');
                      await new Promise(done => net.connect(PORT, '127.0.0.1', done).on('error', done));
                    } catch {}
                    """.replace("PORT", String.valueOf(port));
            case SHELL -> """
                    curl -s http://127.0.0.1:PORT/ || wget -qO- http://127.0.0.1:PORT/ || nc 127.0.0.1 PORT < /dev/null
                    bash -c 'exec 3<>/dev/tcp/127.0.0.1/PORT'
                    """.replace("PORT", String.valueOf(port));
        };
    }
}
