package cpl

// When is a point in the life of a flow, as the vocabulary uses it:
// when a condition becomes known, and by when a property must be set. Package
// policy has the same points as its checkpoints.
type When int

// The points, in order (Modelled: the availability matrix of the public record
// is inferred; see the explanation of cpl-late-early).
const (
	AtAccept            When = iota // client address, service, time, release
	AtRequest                       // CONNECT or request line read, or transparent destination known
	AtUser                          // authenticated
	AtFirstBytes                    // outer protocol classified
	AtClientHello                   // SNI
	AtServerCertificate             // upstream TLS done
	AtClientTLS                     // client TLS done
	AtInner                         // inner protocol classified
	AtInnerRequest                  // request inside
	AtResponse                      // response headers
	AtEnd                           // the transaction is over: logging, tracing
)

var whenNames = [...]string{"accept", "request", "user", "first bytes", "hello", "server certificate", "client TLS",
	"inner protocol", "inner request", "response", "end"}

// String is the point as traces and events name it: "hello".
func (w When) String() string { return whenNames[w] }
