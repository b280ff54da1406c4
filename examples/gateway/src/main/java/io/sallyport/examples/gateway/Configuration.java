package io.sallyport.examples.gateway;

import java.util.List;

/**
 * What a file says, or what is served without one.
 *
 * @param origin where it comes from, and which state of it: who looks for what changed last compares two starts
 * @param servers what is put behind the gateway
 * @param settings every value and where it comes from
 * @param notes what stands in the file and has no effect here
 */
record Configuration(String origin, List<ConfiguredServer> servers, List<Setting> settings, List<String> notes) {

    Configuration {
        servers = List.copyOf(servers);
        settings = List.copyOf(settings);
        notes = List.copyOf(notes);
    }
}
