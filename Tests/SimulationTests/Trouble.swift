import Simulation

/// What goes wrong in one run.
struct Trouble {
    var crashes: Bool
    var receivers: Bool
    var disk: Bool
    var clock: Bool
    var reloads: Bool
    var silences: Bool
    var targets: Bool

    init(_ random: SeededRandom) {
        crashes = random.chance(70)
        receivers = random.chance(80)
        disk = random.chance(30)
        clock = random.chance(30)
        reloads = random.chance(30)
        silences = random.chance(50)
        targets = random.chance(30)
    }
}
