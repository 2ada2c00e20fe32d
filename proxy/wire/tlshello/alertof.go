package tlshello

import (
	"errors"
	"net"
	"reflect"
)

// AlertOf finds the TLS alert in an error of crypto/tls: its code, and whether
// the peer sent it (else this side did). crypto/tls keeps its alert type to
// itself but wraps it in a *net.OpError whose Op says who sent it; the type's
// kind is uint8, which is all that is relied on here.
func AlertOf(err error) (code uint8, received, ok bool) {
	var op *net.OpError
	if !errors.As(err, &op) || (op.Op != "remote error" && op.Op != "local error") {
		return 0, false, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false, false
	}
	return uint8(v.Uint()), op.Op == "remote error", true
}
