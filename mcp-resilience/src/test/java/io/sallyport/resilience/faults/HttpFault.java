package io.sallyport.resilience.faults;

import io.sallyport.upstream.http.FakeHttpServer.Exchange;

/** What an HTTP server may do instead of answering a call. */
enum HttpFault {
    CONNECT_REFUSED {
        @Override
        boolean isDead() {
            return true;
        }
    },
    CONNECT_BLACKHOLE {
        @Override
        boolean isDead() {
            return true;
        }
    },
    RESTART_WITHOUT_SESSIONS {
        @Override
        boolean isDead() {
            return true;
        }
    },
    RESTART_WITH_OTHER_TOOLS {
        @Override
        boolean isDead() {
            return true;
        }
    },
    RESET_BEFORE_HEADERS {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            call.reset();
        }
    },
    RESET_AFTER_CALL {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.reset();
        }
    },
    RESET_AFTER_HEADERS {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
                    .reset();
        }
    },
    SLOW_HEADERS {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            server.awaitEnd();
            call.closeAfterwards();
        }
    },
    SLOW_BODY {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"jsonrpc\"");
            server.awaitEnd();
            call.closeAfterwards();
        }
    },
    STREAM_CUT_IN_AN_EVENT {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.events().send("data: {\"jsonrpc\":\"2.0\",").reset();
        }
    },
    STREAM_ENDS_WITHOUT_AN_ANSWER {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.events();
        }
    },
    HALF_A_MESSAGE {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.json("{\"jsonrpc\":\"2.0\",\"id\":");
        }
    },
    TOO_LARGE {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.result("{\"content\":[{\"type\":\"text\",\"text\":\"" + "x".repeat(10_000_000)
                    + "\"}],\"resultType\":\"complete\"}");
        }
    },
    NO_UTF_8 {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.raw(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"jsonrpc\":\"\u00c3(\"}");
        }
    },
    TOO_MANY_REQUESTS {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            call.answer(429, null, "");
        }
    },
    TOO_MANY_REQUESTS_FOR_A_SECOND {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            call.answer(429, null, "", "Retry-After: 1");
        }
    },
    UNAVAILABLE {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            call.answer(503, null, "");
        }
    },
    BAD_GATEWAY {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.answer(502, "text/html", "<html>Bad gateway</html>");
        }
    },
    FAILED_AFTER_THE_CALL {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.answer(500, "text/plain", "Internal Server Error");
        }
    },
    PAGE_INSTEAD_OF_JSON {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            call.answer(200, "text/html", "<html>Welcome</html>");
        }
    },
    INTERNAL_ERROR {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.error(200, call.request().id().token(), -32603, "out of memory");
        }
    },
    TOOL_ERROR {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.result("{\"content\":[],\"isError\":true,\"resultType\":\"complete\"}");
        }
    },
    WRONG_ID {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            call.json("{\"jsonrpc\":\"2.0\",\"id\":\"another\",\"result\":{}}");
        }
    },
    TWO_ANSWERS {
        @Override
        void answer(Exchange call, HttpSick server) throws Exception {
            server.carryOut();
            String answer = "{\"jsonrpc\":\"2.0\",\"id\":" + call.request().id().token()
                    + ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"bought\"}],"
                    + "\"resultType\":\"complete\"}}";
            call.events().event(answer).event(answer);
        }
    };

    /** Returns whether nobody is there. */
    boolean isDead() {
        return false;
    }

    void answer(Exchange call, HttpSick server) throws Exception {
        throw new IllegalStateException("nobody is there");
    }
}
