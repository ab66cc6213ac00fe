// The life of a key through the JavaScript SDK v3, by node's own test runner.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
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
  GetKeyPolicyCommand,
  InvalidCiphertextException,
  KMSClient,
  KMSInvalidStateException,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  NotFoundException,
  paginateListKeys,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
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
