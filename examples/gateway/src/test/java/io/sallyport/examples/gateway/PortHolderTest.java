package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Incident("S55")
class PortHolderTest {

    @TempDir
    Path proc;

    @BeforeEach
    void oneListensOn8080() throws IOException {
        Files.createDirectories(proc.resolve("net"));
        Files.writeString(proc.resolve("net/tcp"), """
                  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
                   0: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 20 0 0 10 -1
                   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 222 1 0 20 0 0 10 -1
                """);
    }

    private void process(int pid, String socket, String command) throws IOException {
        Path descriptors = Files.createDirectories(proc.resolve(pid + "/fd"));
        Files.createSymbolicLink(descriptors.resolve("3"), Path.of(socket));
        Files.writeString(proc.resolve(pid + "/cmdline"), command);
    }

    @Test
    void namesTheProcessAndItsCommand() throws IOException {
        process(7, "socket:[111]", "client\0");
        process(8, "socket:[222]", "python3\0-m\0http.server\0\u001b[31m\0");

        assertThat(PortHolder.of(8080, proc)).contains("process 8 (python3 -m http.server ?[31m)");
    }

    @Test
    void namesTheUserWhereTheProcessIsNotToBeSeen() throws IOException {
        assertThat(PortHolder.of(8080, proc))
                .contains("a process of the user with id 1001, whom this one may not look at");
    }

    @Test
    void isSilentAboutWhatItCannotKnow() {
        assertThat(PortHolder.of(8081, proc)).isEmpty();
        assertThat(PortHolder.of(8080, proc.resolve("no-linux"))).isEmpty();
    }
}
