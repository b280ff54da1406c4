package io.sallyport.resilience.faults;

/** What a child process may do instead of answering a call. */
enum StdioFault {
    /** It was killed, and ends whenever it is started. */
    ENDS_AT_ITS_START,
    ENDS_BEFORE_THE_CALL,
    ENDS_AFTER_THE_CALL,
    /** From outside, with the signal STOP. */
    STOPPED,
    HANGS_AFTER_THE_CALL,
    JUNK_BEFORE_THE_ANSWER,
    FLOOD_OF_STANDARD_ERROR,
    HALF_A_MESSAGE,
    TOO_LARGE,
    NO_UTF_8,
    INTERNAL_ERROR,
    TOOL_ERROR,
    WRONG_ID,
    TWO_ANSWERS
}
