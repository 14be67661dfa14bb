/// States of PostgreSQL servers, their replicas, archives and slots, and what stands before them.
enum PostgresStates {
    static let rows: [StateRow] = []
}
