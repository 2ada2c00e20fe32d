package accesslog

import (
	"crypto/tls"
	"strings"
)

// cipher is the suite as OpenSSL and the appliance write it:
// ECDHE-RSA-AES256-GCM-SHA384. Those of TLS 1.3 keep their names.
func (t TLS) cipher() string {
	if t.Version == 0 {
		return ""
	}
	name := tls.CipherSuiteName(t.Cipher)
	exchange, bulk, ok := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	if !ok {
		return name
	}
	bulk = strings.NewReplacer("AES_", "AES", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "RC4_128", "RC4", "3DES_EDE_CBC", "DES-CBC3", "_CBC", "").Replace(bulk)
	bulk = strings.ReplaceAll(bulk, "_", "-")
	if exchange == "RSA" {
		return bulk
	}
	return strings.ReplaceAll(exchange, "_", "-") + "-" + bulk
}

// bits is the key length of the suite, 0 where there is none.
func (t TLS) bits() int {
	name := tls.CipherSuiteName(t.Cipher)
	switch {
	case t.Version == 0:
		return 0
	case strings.Contains(name, "3DES"):
		return 168
	case strings.Contains(name, "AES_128"), strings.Contains(name, "RC4_128"):
		return 128
	}
	return 256
}

// strength sorts suites as the log does.
func (t TLS) strength() string {
	switch name := tls.CipherSuiteName(t.Cipher); {
	case t.Version == 0:
		return ""
	case strings.Contains(name, "RC4"):
		return "medium"
	}
	return "high"
}
