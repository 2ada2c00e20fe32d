package policy

import (
	"strconv"
	"strings"
)

// substitute does the $(...) of a text from what is known of the transaction.
// What is not known is empty; what is no substitution stays as it stands.
func (m *machine) substitute(text string) string {
	return Substitute(text, m.tx, m.verdict.current.ID)
}

// Substitute does the $(...) of a text. exception is what $(exception.id) gives.
// Modelled: the names that real exception pages use and that a transaction has a
// value for; any other known-looking name becomes empty.
func Substitute(text string, tx *Transaction, exception string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "$(")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, ")")
		if !ok {
			b.WriteString("$(" + rest)
			return b.String()
		}
		b.WriteString(substitution(name, tx, exception))
		text = after
	}
}

func substitution(name string, tx *Transaction, exception string) string {
	switch strings.ToLower(name) {
	case "url":
		return tx.URL.String()
	case "url.host", "cs-host":
		return tx.URL.Host
	case "url.port", "cs-uri-port":
		return strconv.Itoa(int(tx.URL.Port))
	case "url.path", "cs-uri-path":
		return tx.URL.Path
	case "url.query", "cs-uri-query":
		return tx.URL.Query
	case "url.scheme", "cs-uri-scheme":
		return tx.URL.Scheme
	case "client.address", "cs-ip", "c-ip":
		return addressString(tx.Client.IsValid(), tx.Client.Addr().String())
	case "proxy.address", "s-ip":
		return addressString(tx.Proxy.IsValid(), tx.Proxy.Addr().String())
	case "method", "cs-method":
		return tx.Method
	case "user", "cs-username":
		return tx.User
	case "realm", "cs-realm":
		return tx.Realm
	case "cs-categories":
		return strings.Join(tx.Categories, ";")
	case "exception.id":
		return exception
	case "quot":
		return `"`
	case "crlf":
		return "\r\n"
	}
	return headerSubstitution(name, tx)
}

func addressString(valid bool, s string) string {
	if !valid {
		return ""
	}
	return s
}

func headerSubstitution(name string, tx *Transaction) string {
	for _, family := range []string{"request.x_header.", "request.header."} {
		if len(name) > len(family) && strings.EqualFold(name[:len(family)], family) {
			return tx.RequestHeader.Get(name[len(family):])
		}
	}
	for _, family := range []string{"response.x_header.", "response.header."} {
		if len(name) > len(family) && strings.EqualFold(name[:len(family)], family) {
			return tx.ResponseHeader.Get(name[len(family):])
		}
	}
	return ""
}
