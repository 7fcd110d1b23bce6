import Calling
import ProtocolCore
import Testing

@Suite("Identifiers")
struct IdentifierSourceTests {
    @Test("GUIDs are of version 4, in lower case, and repeat with the seed")
    func guids() {
        let source = IdentifierSource(SeededGenerator(seed: 7))
        let again = IdentifierSource(SeededGenerator(seed: 7))
        for _ in 0..<100 {
            let guid = source.guid()
            #expect(guid == again.guid())
            #expect(IdentifierSource.canonicalGUID(guid) == guid)
            let characters = Array(guid)
            #expect(characters[14] == "4")
            #expect("89ab".contains(characters[19]))
        }
        #expect(source.key().count == 32)
    }

    @Test("Only GUIDs are taken for GUIDs")
    func canonical() {
        #expect(
            IdentifierSource.canonicalGUID("29228D3E-040E-4656-A70E-890AB4E173E5")
                == "29228d3e-040e-4656-a70e-890ab4e173e5")
        for text in [
            "", "29228d3e-040e-4656-a70e-890ab4e173e", "29228d3e-040e-4656-a70e-890ab4e173e55",
            "29228d3e_040e-4656-a70e-890ab4e173e5", "29228d3g-040e-4656-a70e-890ab4e173e5",
            "{9228d3e-040e-4656-a70e-890ab4e173e5", "é9228d3e-040e-4656-a70e-890ab4e173e",
        ] {
            #expect(IdentifierSource.canonicalGUID(text) == nil)
        }
    }
}
