import Identity
import Testing

@Suite struct ConnectionStringTests {
    @Test(arguments: [
        "endpoint=https://localhost:8443/;accesskey=AAECAw==",
        "AccessKey=AAECAw==;Endpoint=https://localhost:8443",
        "  endpoint=https://localhost:8443///;accesskey=AAECAw==;\n",
    ])
    func accepted(text: String) throws {
        let connection = try ConnectionString(parsing: text)
        #expect(connection.authority == "localhost:8443")
        #expect(connection.accessKey == [0, 1, 2, 3])
        #expect(connection.description == "endpoint=https://localhost:8443/;accesskey=AAECAw==")
    }

    @Test(arguments: [
        ("", ConnectionStringError.missing("endpoint")),
        ("endpoint=https://h/", .missing("accesskey")),
        ("accesskey=AAEC", .missing("endpoint")),
        ("endpoint=https://h/;accesskey=!", .accessKeyNotBase64),
        ("endpoint=https://h/;accesskey=", .accessKeyNotBase64),
        ("endpoint=http://h/;accesskey=AAEC", .endpointNotHTTPS("http://h/")),
        ("endpoint=https:///;accesskey=AAEC", .endpointNotHTTPS("")),
        ("endpoint=https://h/path;accesskey=AAEC", .endpointNotHTTPS("h/path")),
        ("nonsense", .malformedPart("nonsense")),
        ("color=red", .unknownName("color")),
    ])
    func refused(text: String, error: ConnectionStringError) {
        #expect(throws: error) { try ConnectionString(parsing: text) }
    }
}
