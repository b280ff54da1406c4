package io.sallyport.upstream.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Takes a stream of server-sent events apart, in whatever pieces it arrives (WHATWG HTML, "Server-sent events"). Confined
 * to one thread at a time.
 *
 * <p>Only the data of one event is held, up to a bound. Data is handed on as bytes: whether they are UTF-8 is for the
 * message scanner to say.
 */
final class SseParser {

    /** Told of what the stream holds. */
    interface Sink {

        /**
         * An event.
         *
         * @param type its type, {@code message} if it names none
         * @param data its lines joined by line feeds; empty for an event that carries nothing but its id
         * @param lastEventId where the stream can be resumed from now on; empty if nowhere
         */
        void onEvent(String type, byte[] data, String lastEventId);

        /** How long to wait before the stream is resumed. */
        void onRetry(long millis);
    }

    /** An event holds more data than allowed. */
    static final class TooLargeException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Ids become a header; one that is longer than this cannot be resumed from. */
    static final int MAX_ID_BYTES = 1024;

    private static final int MAX_TYPE_BYTES = 64;
    private static final int MAX_NAME_BYTES = 5;
    private static final int MAX_RETRY_DIGITS = 9;
    private static final String DEFAULT_TYPE = "message";
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private enum Field {
        DATA,
        EVENT,
        ID,
        RETRY,
        /** A comment, or a field that nobody knows. */
        OTHER
    }

    private final int maxDataBytes;
    private final Sink sink;

    private int byteOrderMarkSeen;
    private boolean afterCarriageReturn;

    private boolean inName = true;
    private boolean atStartOfValue;
    private Field field = Field.OTHER;
    private final Bytes name = new Bytes(8);
    private final Bytes value = new Bytes(64);

    private final Bytes data = new Bytes(1024);
    private boolean hasData;
    private boolean hasFields;
    private String type = "";
    private String lastEventId = "";

    SseParser(int maxDataBytes, Sink sink) {
        this.maxDataBytes = maxDataBytes;
        this.sink = sink;
    }

    /** Takes the next bytes of the stream, all of them. */
    void feed(ByteBuffer bytes) throws TooLargeException {
        while (bytes.hasRemaining() && byteOrderMarkSeen < BYTE_ORDER_MARK.length) {
            skipByteOrderMark(bytes);
        }
        while (bytes.hasRemaining()) {
            if (inName) {
                takeName(bytes.get());
            } else {
                takeValue(bytes);
            }
        }
    }

    private void skipByteOrderMark(ByteBuffer bytes) throws TooLargeException {
        if (bytes.get(bytes.position()) == BYTE_ORDER_MARK[byteOrderMarkSeen]) {
            bytes.get();
            byteOrderMarkSeen++;
            return;
        }
        int begun = byteOrderMarkSeen;
        byteOrderMarkSeen = BYTE_ORDER_MARK.length;
        for (int i = 0; i < begun; i++) {
            takeName(BYTE_ORDER_MARK[i]);
        }
    }

    private void takeName(byte b) throws TooLargeException {
        boolean endsPair = b == '\n' && afterCarriageReturn;
        afterCarriageReturn = b == '\r';
        if (endsPair) {
            return;
        }
        if (b == '\r' || b == '\n') {
            endLine();
        } else if (b == ':') {
            beginValue();
        } else if (name.length <= MAX_NAME_BYTES) {
            // One byte more than the longest name that is known, so that a longer one does not look like it.
            name.add(b);
        }
    }

    private void beginValue() throws TooLargeException {
        inName = false;
        atStartOfValue = true;
        field = switch (name.text()) {
            case "data" -> Field.DATA;
            case "event" -> Field.EVENT;
            case "id" -> Field.ID;
            case "retry" -> Field.RETRY;
            default -> Field.OTHER;
        };
        if (field == Field.DATA) {
            if (hasData) {
                requireRoom(1);
                data.add((byte) '\n');
            }
            hasData = true;
        }
    }

    /** Takes a value up to the end of its line, or as much of it as there is. */
    private void takeValue(ByteBuffer bytes) throws TooLargeException {
        if (atStartOfValue) {
            atStartOfValue = false;
            if (bytes.get(bytes.position()) == ' ') {
                bytes.get();
            }
        }
        int end = bytes.position();
        while (end < bytes.limit() && bytes.get(end) != '\r' && bytes.get(end) != '\n') {
            end++;
        }
        addToValue(bytes, end - bytes.position());
        bytes.position(end);
        if (bytes.hasRemaining()) {
            afterCarriageReturn = bytes.get() == '\r';
            endLine();
        }
    }

    private void addToValue(ByteBuffer bytes, int count) throws TooLargeException {
        switch (field) {
            case DATA -> {
                requireRoom(count);
                data.add(bytes, count);
            }
            case EVENT -> value.add(bytes, Math.min(count, MAX_TYPE_BYTES + 1 - value.length));
            case ID -> value.add(bytes, Math.min(count, MAX_ID_BYTES + 1 - value.length));
            case RETRY -> value.add(bytes, Math.min(count, MAX_RETRY_DIGITS + 1 - value.length));
            case OTHER -> {
                // Nobody asks for it.
            }
        }
    }

    private void requireRoom(int count) throws TooLargeException {
        if (count > maxDataBytes - data.length) {
            throw new TooLargeException();
        }
    }

    private void endLine() throws TooLargeException {
        if (inName && name.length == 0) {
            endEvent();
            return;
        }
        if (inName) {
            // A line without a colon is a field without a value.
            beginValue();
        }
        switch (field) {
            case DATA -> hasFields = true;
            case EVENT -> {
                type = value.length > MAX_TYPE_BYTES ? "too long" : value.text();
                hasFields = true;
            }
            case ID -> {
                setId();
                hasFields = true;
            }
            case RETRY -> setRetry();
            case OTHER -> {
                // Nothing to remember.
            }
        }
        name.clear();
        value.clear();
        inName = true;
        atStartOfValue = false;
    }

    private void setId() {
        for (int i = 0; i < value.length; i++) {
            if (value.bytes[i] == 0) {
                return;
            }
        }
        // What cannot be sent back must not leave an older id in place: resuming there would repeat events.
        lastEventId = value.length <= MAX_ID_BYTES && value.isPrintable() ? value.text() : "";
    }

    private void setRetry() {
        if (value.length == 0 || value.length > MAX_RETRY_DIGITS) {
            return;
        }
        for (int i = 0; i < value.length; i++) {
            if (value.bytes[i] < '0' || value.bytes[i] > '9') {
                return;
            }
        }
        sink.onRetry(Long.parseLong(value.text()));
    }

    private void endEvent() {
        if (hasFields) {
            String eventType = type.isEmpty() ? DEFAULT_TYPE : type;
            byte[] eventData = Arrays.copyOf(data.bytes, data.length);
            data.clear();
            hasData = false;
            hasFields = false;
            type = "";
            sink.onEvent(eventType, eventData, lastEventId);
        }
    }

    /** Bytes that grow. */
    private static final class Bytes {

        private static final int KEEP = 64 * 1024;

        private byte[] bytes;
        private int length;

        Bytes(int size) {
            bytes = new byte[size];
        }

        void add(byte b) {
            ensure(1);
            bytes[length++] = b;
        }

        void add(ByteBuffer from, int count) {
            ensure(count);
            from.get(bytes, length, count);
            length += count;
        }

        private void ensure(int more) {
            if (more > bytes.length - length) {
                bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
            }
        }

        boolean isPrintable() {
            for (int i = 0; i < length; i++) {
                if (bytes[i] < 0x20 || bytes[i] > 0x7E) {
                    return false;
                }
            }
            return true;
        }

        String text() {
            return new String(bytes, 0, length, StandardCharsets.UTF_8);
        }

        void clear() {
            length = 0;
            if (bytes.length > KEEP) {
                bytes = new byte[1024];
            }
        }
    }
}
