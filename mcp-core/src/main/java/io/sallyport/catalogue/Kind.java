package io.sallyport.catalogue;

import io.sallyport.protocol.Methods;

/** The four kinds of things that a catalogue lists. */
public enum Kind {
    /** Tools, by name. */
    TOOL("tools", "name", Methods.TOOLS_LIST, "tools"),
    /** Prompts, by name. */
    PROMPT("prompts", "name", Methods.PROMPTS_LIST, "prompts"),
    /** Resources, by URI. */
    RESOURCE("resources", "uri", Methods.RESOURCES_LIST, "resources"),
    /** Resource templates, by URI template. */
    TEMPLATE("resourceTemplates", "uriTemplate", Methods.RESOURCE_TEMPLATES_LIST, "resources");

    private final String member;
    private final String key;
    private final String listMethod;
    private final String capability;

    Kind(String member, String key, String listMethod, String capability) {
        this.member = member;
        this.key = key;
        this.listMethod = listMethod;
        this.capability = capability;
    }

    /** Returns the member of a list's result that holds the definitions. */
    public String member() {
        return member;
    }

    /** Returns the member of a definition that names it. */
    public String key() {
        return key;
    }

    /** Returns the method that lists this kind. */
    public String listMethod() {
        return listMethod;
    }

    /** Returns the server's capability that this kind belongs to. */
    public String capability() {
        return capability;
    }
}
