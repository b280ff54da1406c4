package io.sallyport.examples.gateway;

/**
 * A setting as {@code --check-config} shows it.
 *
 * @param name such as {@code --port} or {@code mcpServers.github.command}
 * @param shown its value, or {@link #HIDDEN}
 * @param source where the value comes from: a default, an option, the file, a variable of the environment
 */
record Setting(String name, String shown, String source) {

    static final String HIDDEN = "***";
}
