import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** The JDK's own HTTP client as it comes: it offers HTTP/2 by Upgrade on every plain connection. */
public class HttpProbe {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        URI health = URI.create(arguments[0] + "/healthz");
        URI users = URI.create(arguments[0] + "/switchboard/v1/development/users");
        for (int round = 0; round < 2; round++) {
            print(client.send(HttpRequest.newBuilder(health).build(), HttpResponse.BodyHandlers.ofString()));
            HttpRequest post = HttpRequest.newBuilder(users)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"displayName\":\"Ada\"}"))
                    .build();
            print(client.send(post, HttpResponse.BodyHandlers.ofString()));
        }
        HttpRequest expecting = HttpRequest.newBuilder(users)
                .expectContinue(true)
                .POST(HttpRequest.BodyPublishers.ofString("{\"displayName\":\"Grace\"}"))
                .build();
        print(client.send(expecting, HttpResponse.BodyHandlers.ofString()));
    }

    private static void print(HttpResponse<String> answer) {
        System.out.println(answer.version() + " " + answer.statusCode());
    }
}
