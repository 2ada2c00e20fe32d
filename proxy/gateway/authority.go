package gateway

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rehearse/proxy/emulate"
)

// The files of a CA folder.
const (
	keyFile   = "key.pem"   // the issuing authority's key
	rootFile  = "root.pem"  // what clients trust
	chainFile = "chain.pem" // the issuing certificate and those above it, where that is not the root
)

// authorityName is the common name of a root that is made here.
const authorityName = "Rehearsal Proxy CA"

// OpenAuthority reads the issuing authority that emulated certificates come from.
//
// Path is a folder with key.pem (RSA or ECDSA; PKCS #8, PKCS #1 or SEC 1), root.pem
// and, where an intermediate issues, chain.pem, which begins with the intermediate;
// or one PEM file with the key and the chain. A folder that is not there or is
// empty gets a new root: a P-256 key with mode 0600 and root.pem. Half a folder is
// an error, never overwritten. Made says that the root is new.
func OpenAuthority(path string, now func() time.Time) (a *emulate.Authority, made bool, err error) {
	return OpenAuthorityNamed(path, authorityName, now)
}

// OpenAuthorityNamed is OpenAuthority with the common name of a root that is made.
func OpenAuthorityNamed(path, name string, now func() time.Time) (a *emulate.Authority, made bool, err error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		a, err = readAuthority(now, path)
		return a, false, err
	}
	key, root, chain := filepath.Join(path, keyFile), filepath.Join(path, rootFile), filepath.Join(path, chainFile)
	switch hasKey, hasRoot := exists(key), exists(root); {
	case hasKey && exists(chain):
		a, err = readAuthority(now, key, chain, root)
	case hasKey && hasRoot:
		a, err = readAuthority(now, key, root)
	case hasKey:
		err = fmt.Errorf("%s: there is %s but neither %s nor %s", path, keyFile, rootFile, chainFile)
	case hasRoot:
		err = fmt.Errorf("%s: there is %s but no %s", path, rootFile, keyFile)
	default:
		a, err = makeAuthority(path, name, now)
		made = err == nil
	}
	return a, made, err
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// readAuthority takes a key and a chain, issuing certificate first, from PEM files,
// of which those after the first certificate may be missing.
func readAuthority(now func() time.Time, files ...string) (*emulate.Authority, error) {
	var text []byte
	for _, name := range files {
		part, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && len(text) > 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		text = append(append(text, part...), '\n')
	}
	key, chain, err := parsePair(text)
	if err == nil {
		err = chained(chain)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files[0], err)
	}
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{ID: "issuer", Key: key, Certificate: chain[0], Above: chain[1:], Now: now})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files[0], err)
	}
	return a, nil
}

// parsePair finds one key and a chain in PEM text.
func parsePair(text []byte) (key crypto.Signer, chain []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, err
			}
			if len(chain) == 0 || !chain[len(chain)-1].Equal(cert) {
				chain = append(chain, cert)
			}
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			if key != nil {
				return nil, nil, errors.New("two private keys, want one")
			}
			if key, err = parseKey(block); err != nil {
				return nil, nil, err
			}
		case "ENCRYPTED PRIVATE KEY":
			return nil, nil, errors.New("the private key is encrypted, want it in clear in a file that only its owner reads")
		}
	}
	switch {
	case key == nil:
		return nil, nil, errors.New("no private key in PEM form")
	case len(chain) == 0:
		return nil, nil, errors.New("no certificate in PEM form")
	}
	return key, chain, nil
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if signer, ok := key.(crypto.Signer); ok {
		return signer, nil
	}
	return nil, fmt.Errorf("private key of type %T, want RSA or ECDSA", key)
}

// chained checks that each certificate was issued by the next and that the last
// names itself as its issuer.
func chained(chain []*x509.Certificate) error {
	last := chain[len(chain)-1]
	for i, cert := range chain[:len(chain)-1] {
		if err := cert.CheckSignatureFrom(chain[i+1]); err != nil {
			return fmt.Errorf("certificate %q was not issued by the next one, %q: %w", cert.Subject.CommonName, chain[i+1].Subject.CommonName, err)
		}
	}
	if !bytes.Equal(last.RawIssuer, last.RawSubject) {
		return fmt.Errorf("certificate %q ends the chain and was issued by %q; want the chain up to the root", last.Subject.CommonName, last.Issuer.CommonName)
	}
	return nil
}

// makeAuthority makes a root and keeps it in a folder.
func makeAuthority(dir, name string, now func() time.Time) (*emulate.Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: name, ID: "issuer", Key: key, Now: now})
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := writeNew(filepath.Join(dir, keyFile), 0o600, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, err
	}
	return a, writeNew(filepath.Join(dir, rootFile), 0o644, RootPEM(a))
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, mode fs.FileMode, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// RootPEM is the certificate that clients of an authority must trust.
func RootPEM(a *emulate.Authority) []byte {
	var b bytes.Buffer
	pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: a.Root().Raw})
	return b.Bytes()
}

// KeyExposed says whether others than its owner can read the key of a CA folder or
// file.
func KeyExposed(path string) bool {
	for _, name := range []string{filepath.Join(path, keyFile), path} {
		if info, err := os.Stat(name); err == nil && !info.IsDir() {
			return info.Mode().Perm()&0o077 != 0
		}
	}
	return false
}
