// The life of a key through the JavaScript SDK v3, by node's own test runner.
import assert from "node:assert/strict";
import { constants, createPublicKey, publicEncrypt, randomInt, verify } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisabledException,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateMacCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  InvalidCiphertextException,
  InvalidKeyUsageException,
  KMSClient,
  KMSInvalidMacException,
  KMSInvalidSignatureException,
  KMSInvalidStateException,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  NotFoundException,
  paginateListKeys,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UnsupportedOperationException,
  UntagResourceCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const endpoint = process.env.TRENT_ENDPOINT;
assert.ok(endpoint, "set TRENT_ENDPOINT, or run scripts/conformance");

/** A 12-digit access key id is the account, so a random one is empty and nobody else's. */
function newAccount() {
  const account = String(randomInt(10 ** 11, 10 ** 12));
  const config = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "secret" },
    maxAttempts: 1,
  };
  const kms = new KMSClient(config);
  return { account, kms, sts: new STSClient(config), call: (Command, input = {}) => kms.send(new Command(input)) };
}

const refusedWith = (Exception, message) => (error) => {
  assert.ok(error instanceof Exception, `${error}`);
  assert.equal(error.message, message);
  return true;
};

test("the life of a key", async (t) => {
  const { account, call } = newAccount();
  const directory = await mkdtemp(join(tmpdir(), "trent-"));
  t.after(() => rm(directory, { recursive: true }));

  const { KeyMetadata: key } = await call(CreateKeyCommand, { Description: "made by JavaScript" });
  const KeyId = key.KeyId;
  assert.equal(key.Arn, `arn:aws:kms:us-east-1:${account}:key/${KeyId}`);
  assert.ok(Math.abs(key.CreationDate - Date.now()) < 300_000);
  assert.deepEqual((await call(ListKeysCommand)).Keys, [{ KeyId, KeyArn: key.Arn }]);
  assert.deepEqual((await call(DescribeKeyCommand, { KeyId })).KeyMetadata, key);

  const plain = join(directory, "plain");
  await writeFile(plain, "a file\0\r\n");
  const EncryptionContext = { purpose: "story", größe: "klein" };
  const encrypted = await call(EncryptCommand, { KeyId, Plaintext: await readFile(plain), EncryptionContext });
  await writeFile(`${plain}.enc`, encrypted.CiphertextBlob);
  const CiphertextBlob = await readFile(`${plain}.enc`);
  const decrypted = await call(DecryptCommand, { CiphertextBlob, EncryptionContext });
  assert.deepEqual(Buffer.from(decrypted.Plaintext), await readFile(plain));
  assert.equal(decrypted.KeyId, key.Arn);
  await assert.rejects(call(DecryptCommand, { CiphertextBlob }), InvalidCiphertextException);

  const dataKey = await call(GenerateDataKeyCommand, { KeyId, KeySpec: "AES_256" });
  assert.equal(dataKey.Plaintext.length, 32);
  const opened = await call(DecryptCommand, { CiphertextBlob: dataKey.CiphertextBlob });
  assert.deepEqual(opened.Plaintext, dataKey.Plaintext);

  const AliasName = "alias/javascript";
  await call(CreateAliasCommand, { AliasName, TargetKeyId: KeyId });
  const byAlias = await call(EncryptCommand, { KeyId: AliasName, Plaintext: Buffer.from("by alias") });
  assert.equal(byAlias.KeyId, key.Arn);
  assert.deepEqual((await call(ListAliasesCommand, { KeyId })).Aliases.map((alias) => alias.AliasName), [AliasName]);
  await call(DeleteAliasCommand, { AliasName });
  await assert.rejects(
    call(DescribeKeyCommand, { KeyId: AliasName }),
    refusedWith(NotFoundException, `Alias arn:aws:kms:us-east-1:${account}:${AliasName} is not found.`),
  );

  await call(DisableKeyCommand, { KeyId });
  await assert.rejects(
    call(EncryptCommand, { KeyId, Plaintext: Buffer.from("x") }),
    refusedWith(DisabledException, `${key.Arn} is disabled.`),
  );
  await call(EnableKeyCommand, { KeyId });
  await call(DecryptCommand, { CiphertextBlob: byAlias.CiphertextBlob });

  const scheduled = await call(ScheduleKeyDeletionCommand, { KeyId, PendingWindowInDays: 7 });
  assert.equal(scheduled.KeyState, "PendingDeletion");
  assert.ok(Math.abs(scheduled.DeletionDate - Date.now() - 7 * 86_400_000) < 300_000);
  await assert.rejects(
    call(DecryptCommand, { CiphertextBlob: byAlias.CiphertextBlob }),
    refusedWith(KMSInvalidStateException, `${key.Arn} is pending deletion.`),
  );
  assert.equal((await call(CancelKeyDeletionCommand, { KeyId })).KeyId, key.Arn);
  assert.equal((await call(DescribeKeyCommand, { KeyId })).KeyMetadata.KeyState, "Disabled");

  await call(TagResourceCommand, { KeyId, Tags: [{ TagKey: "b", TagValue: "2" }, { TagKey: "a", TagValue: "1" }] });
  await call(UntagResourceCommand, { KeyId, TagKeys: ["b"] });
  assert.deepEqual((await call(ListResourceTagsCommand, { KeyId })).Tags, [{ TagKey: "a", TagValue: "1" }]);

  const policy = JSON.parse((await call(GetKeyPolicyCommand, { KeyId })).Policy);
  policy.Id = "changed";
  await call(PutKeyPolicyCommand, { KeyId, Policy: JSON.stringify(policy) });
  assert.deepEqual(JSON.parse((await call(GetKeyPolicyCommand, { KeyId })).Policy), policy);
});

async function publicKeyOf(call, KeyId) {
  const { PublicKey } = await call(GetPublicKeyCommand, { KeyId });
  return createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
}

test("signatures, checked by node's own crypto", async () => {
  const { call } = newAccount();
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const signers = [
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "sha256"],
    ["RSA_2048", "RSASSA_PSS_SHA_512", "sha512", pss],
    ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256"],
    ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384"],
    ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512"],
    ["ECC_SECG_P256K1", "ECDSA_SHA_256", "sha256"],
    ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512", null],
  ];
  for (const [KeySpec, SigningAlgorithm, hash, options] of signers) {
    const { KeyMetadata: key } = await call(CreateKeyCommand, { KeySpec, KeyUsage: "SIGN_VERIFY" });
    assert.equal(key.KeySpec, KeySpec);
    const Message = Buffer.from("attack at dawn");
    const request = { KeyId: key.KeyId, SigningAlgorithm, Message };
    const { Signature, KeyId } = await call(SignCommand, request);
    assert.equal(KeyId, key.Arn);
    const publicKey = { key: await publicKeyOf(call, key.KeyId), ...options };
    assert.ok(verify(hash, Message, publicKey, Signature), SigningAlgorithm);
    assert.ok(!verify(hash, Buffer.from("attack at noon"), publicKey, Signature), SigningAlgorithm);
    assert.equal((await call(VerifyCommand, { ...request, Signature })).SignatureValid, true);
    await assert.rejects(
      call(VerifyCommand, { ...request, Message: Buffer.from("attack at noon"), Signature }),
      KMSInvalidSignatureException,
    );
    await assert.rejects(
      call(EncryptCommand, { KeyId, Plaintext: Message }),
      refusedWith(InvalidKeyUsageException, `${key.Arn} key usage is SIGN_VERIFY which is not valid for Encrypt.`),
    );
  }
});

test("what node encrypts with the public key", async () => {
  const { call } = newAccount();
  const { KeyMetadata: key } = await call(CreateKeyCommand, { KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
  const options = { key: await publicKeyOf(call, key.KeyId), padding: constants.RSA_PKCS1_OAEP_PADDING };
  for (const [EncryptionAlgorithm, oaepHash] of [["RSAES_OAEP_SHA_1", "sha1"], ["RSAES_OAEP_SHA_256", "sha256"]]) {
    const CiphertextBlob = publicEncrypt({ ...options, oaepHash }, Buffer.from("attack at dawn"));
    const { Plaintext } = await call(DecryptCommand, { KeyId: key.KeyId, EncryptionAlgorithm, CiphertextBlob });
    assert.equal(Buffer.from(Plaintext).toString(), "attack at dawn");
    await assert.rejects(call(DecryptCommand, { KeyId: key.KeyId, CiphertextBlob }), InvalidCiphertextException);
  }
});

test("a MAC", async () => {
  const { call } = newAccount();
  const { KeyMetadata: key } = await call(CreateKeyCommand, { KeySpec: "HMAC_512", KeyUsage: "GENERATE_VERIFY_MAC" });
  const request = { KeyId: key.KeyId, MacAlgorithm: "HMAC_SHA_512", Message: Buffer.from("attack at dawn") };
  const { Mac } = await call(GenerateMacCommand, request);
  assert.equal(Mac.length, 64);
  assert.equal((await call(VerifyMacCommand, { ...request, Mac })).MacValid, true);
  await assert.rejects(call(VerifyMacCommand, { ...request, Mac: Mac.slice(0, 32) }), KMSInvalidMacException);
  await assert.rejects(call(GetPublicKeyCommand, { KeyId: key.KeyId }), UnsupportedOperationException);
});

test("the SDK's own paginator", async () => {
  const { kms, call } = newAccount();
  const made = [];
  for (let n = 0; n < 5; n++) made.push((await call(CreateKeyCommand)).KeyMetadata.KeyId);
  const seen = [];
  for await (const page of paginateListKeys({ client: kms, pageSize: 2 }, {})) {
    assert.ok(page.Keys.length <= 2);
    seen.push(...page.Keys.map((key) => key.KeyId));
  }
  assert.deepEqual(seen.sort(), made.sort());
});

test("who am I", async () => {
  const { account, sts } = newAccount();
  const identity = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Account, account);
  assert.equal(identity.Arn, `arn:aws:iam::${account}:root`);
});
