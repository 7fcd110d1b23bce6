import Foundation
import Testing

@Suite("The house: dependencies point down")
struct ArchitectureTests {
    let rooms: [DeclaredTarget]

    init() throws {
        let text = try String(contentsOf: SourceTree.root.appending(path: "Package.swift"), encoding: .utf8)
        rooms = Manifest(text: text).rooms
        try #require(!rooms.isEmpty, "Package.swift declares no target under Sources")
    }

    @Test("Every folder with sources is a target of Package.swift")
    func everyFolderIsATarget() throws {
        let roomFolders = rooms.map { $0.folder + "/" }
        let strays = try SourceTree.swiftFiles(in: "Sources").filter { file in
            !roomFolders.contains { file.hasPrefix($0) }
        }
        let strayFolders = Set(strays.map { $0.split(separator: "/").dropLast().joined(separator: "/") })
        #expect(strayFolders.isEmpty, "These folders belong to no target of Package.swift")
    }

    @Test("Every room has its place on a floor")
    func everyRoomHasAPlace() {
        for room in rooms {
            guard let floor = floor(of: room) else {
                Issue.record("\(room.name) is in \(room.folder), which is on no floor")
                continue
            }
            #expect(floor.step(of: room.name) != nil, "\(room.name) has no step on floor '\(floor)' in House.swift")
        }
    }

    @Test("No declared dependency points up or sideways")
    func declaredDependenciesPointDown() {
        for room in rooms {
            for dependency in room.dependencies {
                if let complaint = complaint(about: dependency, importedBy: room) {
                    Issue.record("Package.swift: \(complaint)")
                }
            }
        }
    }

    @Test("No import line points up or sideways, and each one is declared")
    func importsPointDown() throws {
        let names = Set(rooms.map(\.name))
        for room in rooms {
            for line in try SourceTree.imports(in: room.folder) where names.contains(line.module) {
                if let complaint = complaint(about: line.module, importedBy: room) {
                    Issue.record("\(line.place): \(complaint)")
                }
                let isDeclared = room.dependencies.contains(line.module)
                #expect(isDeclared, "\(line): not a dependency of \(room.name) in Package.swift")
            }
        }
    }

    @Test("Floors import only the libraries that are allowed on them")
    func librariesStayOnTheirFloor() throws {
        let names = Set(rooms.map(\.name))
        for room in rooms {
            guard let floor = floor(of: room) else { continue }
            for line in try SourceTree.imports(in: room.folder) where !names.contains(line.module) {
                if let allowed = soleImporters[line.module] {
                    #expect(allowed.contains(room.name), "\(line): only \(allowed.sorted()) may import it")
                } else if let allowed = floor.librariesAllowed {
                    #expect(allowed.contains(line.module), "\(line): not allowed on floor '\(floor)'")
                }
            }
        }
    }

    /// The floor on which a target lives, by its folder.
    private func floor(of room: DeclaredTarget) -> Floor? {
        let folder = room.folder.split(separator: "/").dropFirst().first
        return Floor.allCases.first { $0.folder == folder.map(String.init) }
    }

    /// Why `room` may not import its neighbour `name`; `nil` when it may.
    private func complaint(about name: String, importedBy room: DeclaredTarget) -> String? {
        guard let other = rooms.first(where: { $0.name == name }) else { return nil }
        guard let from = floor(of: room), let target = floor(of: other) else { return nil }
        if from.below.contains(target) { return nil }
        if from == target, let mine = from.step(of: room.name), let theirs = from.step(of: name), theirs < mine {
            return nil
        }
        let direction = from == target ? "sideways" : "up"
        return "\(room.name) ('\(from)') must not import \(name) ('\(target)'): that points \(direction)"
    }
}
