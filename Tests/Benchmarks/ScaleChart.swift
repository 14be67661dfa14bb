import Foundation
import Text

/// The figures of `Benchmarks scale` as a picture: CPU and memory by the number of nodes, both axes in powers of ten.
struct ScaleChart {
    /// One agent's figures at one number of nodes.
    struct Point {
        let nodes: Int
        /// Percent of one core.
        let cpu: Double
        /// MiB.
        let resident: Double
    }

    let ours: [Point]
    let peers: [Point]
    /// Below the picture: what was measured where and when.
    let caption: String

    private static let (width, height, left, top) = (360.0, 240.0, 60.0, 48.0)
    private static let (plotWidth, plotHeight) = (270.0, 160.0)

    /// An SVG picture, for a light and a dark page.
    func svg() -> String {
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width) * 2) 290" role="img" \
            aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="12">
              <title id="title">CPU and memory by the number of Vault nodes</title>
              <desc id="description">\(Markup.escape(description))</desc>
              <style>
                text { fill: #1b2430 }
                .axis { stroke: #47566b; fill: none }
                .grid { stroke: #d5dde7 }
                .ours { stroke: #1f6feb; fill: none; stroke-width: 2.5 }
                .peers { stroke: #b3541e; fill: none; stroke-width: 2.5; stroke-dasharray: 6 4 }
                .note { fill: #47566b; font-size: 11px }
                @media (prefers-color-scheme: dark) {
                  text { fill: #e8eef5 }
                  .axis { stroke: #9db0c8 }
                  .grid { stroke: #2d3948 }
                  .ours { stroke: #6cb0ff }
                  .peers { stroke: #f0a06a }
                  .note { fill: #9db0c8 }
                }
              </style>
            """
        ]
        parts.append(panel("CPU, % of a core", 0) { $0.cpu })
        parts.append(panel("Resident memory, MiB", Self.width) { $0.resident })
        parts.append(
            """
              <path class="ours" d="M60 262h30"/><text x="96" y="266">vaultwatch</text>
              <path class="peers" d="M190 262h30"/><text x="226" y="266">Prometheus with blackbox_exporter</text>
              <text class="note" x="60" y="284">\(Markup.escape(caption))</text>
            </svg>

            """)
        return parts.joined(separator: "\n")
    }

    private var description: String {
        zip(ours, peers).map { ours, peers in
            "\(ours.nodes) nodes: vaultwatch \(Self.text(ours.cpu)) % and \(Self.text(ours.resident)) MiB, peers \(Self.text(peers.cpu)) % and \(Self.text(peers.resident)) MiB."
        }.joined(separator: " ")
    }

    private func panel(_ title: String, _ offset: Double, _ value: (Point) -> Double) -> String {
        let all = (ours + peers).map(value).filter { $0 > 0 }
        let (low, high) = (log10(all.min() ?? 1).rounded(.down), log10(all.max() ?? 10).rounded(.up))
        let (first, last) = (log10(Double(ours.first?.nodes ?? 1)), log10(Double(ours.last?.nodes ?? 10)))
        let x0 = offset + Self.left
        func x(_ nodes: Int) -> Double {
            x0 + (last > first ? (log10(Double(nodes)) - first) / (last - first) : 0) * Self.plotWidth
        }
        func y(_ value: Double) -> Double {
            let share = (log10(Swift.max(value, 1e-9)) - low) / Swift.max(high - low, 1)
            return Self.top + Self.plotHeight * (1 - share)
        }
        var lines = ["  <text x=\"\(Self.text(x0))\" y=\"30\" font-weight=\"bold\">\(title)</text>"]
        for power in stride(from: low, through: high, by: 1) {
            let height = Self.text(y(pow(10, power)))
            lines.append("  <path class=\"grid\" d=\"M\(Self.text(x0)) \(height)h\(Self.text(Self.plotWidth))\"/>")
            lines.append(
                "  <text x=\"\(Self.text(x0 - 6))\" y=\"\(height)\" text-anchor=\"end\" dy=\"4\">\(Self.text(pow(10, power)))</text>"
            )
        }
        for point in ours {
            lines.append(
                "  <text x=\"\(Self.text(x(point.nodes)))\" y=\"\(Self.text(Self.top + Self.plotHeight + 18))\" text-anchor=\"middle\">\(point.nodes)</text>"
            )
        }
        lines.append(
            "  <path class=\"axis\" d=\"M\(Self.text(x0)) \(Self.text(Self.top))v\(Self.text(Self.plotHeight))h\(Self.text(Self.plotWidth))\"/>"
        )
        for (name, points) in [("ours", ours), ("peers", peers)] {
            let path = points.map { "\(Self.text(x($0.nodes))) \(Self.text(y(value($0))))" }.joined(separator: "L")
            lines.append("  <path class=\"\(name)\" d=\"M\(path)\"/>")
        }
        return lines.joined(separator: "\n")
    }

    private static func text(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }
}
