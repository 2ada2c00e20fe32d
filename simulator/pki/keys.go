package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
)

// The kinds of keys.
const (
	ECDSA = "ecdsa" // P-256
	RSA   = "rsa"   // 2048 bits, from a pool that all PKIs of the process share
)

// key gives a key of the PKI's kind: a new one, or from the pool.
func (p *PKI) key(slot int) (crypto.Signer, error) {
	switch p.kind {
	case ECDSA:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA:
		return rsaKey(slot)
	}
	return nil, fmt.Errorf("key %q, want %q or %q", p.kind, ECDSA, RSA)
}

// The keys of the pool: no two of one PKI that must differ are the same. All leaves
// of one PKI share one RSA key.
const (
	slotRoot = iota
	slotIssuing
	slotOther
	slotLeaf
	slotAppliance
	slots
)

// rsaKeys makes each key of the pool once, when first asked for: RSA keys take long
// to make, and many worlds live in one process. Only keys are shared, never
// certificates.
var rsaKeys = func() (pool [slots]func() (*rsa.PrivateKey, error)) {
	for i := range pool {
		pool[i] = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	}
	return pool
}()

func rsaKey(slot int) (crypto.Signer, error) { return rsaKeys[slot]() }

// ApplianceRSAKey is a key of the same pool for an appliance's emulated certificates,
// see emulate.ForgeConfig.
func ApplianceRSAKey() (crypto.Signer, error) { return rsaKey(slotAppliance) }
