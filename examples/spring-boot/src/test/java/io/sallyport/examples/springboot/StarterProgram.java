package io.sallyport.examples.springboot;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

/** The same server on the transport that Spring AI's starter brings; what the example does differently is left out. */
@EnableAutoConfiguration
@Import(Tools.class)
class StarterProgram {

    /** As {@link Main#main}. */
    public static void main(String[] args) {
        System.out.println("READY http://127.0.0.1:"
                + SpringApplication.run(StarterProgram.class, args)
                        .getEnvironment()
                        .getRequiredProperty("local.server.port")
                + SharedSessions.PATH);
    }
}
