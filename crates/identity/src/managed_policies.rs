//! The policies that AWS itself manages, those that are commonly attached. They exist in every account, under the same ARN.
//!
//! Names, ids and documents are AWS's as of early 2026, but for two that have some thousand actions in AWS: ReadOnlyAccess and
//! SecurityAudit are cut down to the services that people meet most.

use trent_shared::{Arn, Partition};

/// A policy that AWS manages.
#[derive(Debug, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// `/`, or what it is for: `/service-role/`.
    pub path: &'static str,
    pub name: &'static str,
    /// `ANPA…`
    pub id: &'static str,
    pub description: &'static str,
    /// When it was made, as RFC 3339.
    pub created: &'static str,
    /// The number of the version that counts, the only one that is kept here.
    pub version: u32,
    pub document: &'static str,
}

/// All of them, in the order of their names whatever the case of their letters.
pub fn managed_policies() -> impl ExactSizeIterator<Item = &'static ManagedPolicy> + Clone {
    POLICIES.iter()
}

/// The one of this ARN.
pub fn managed_policy(arn: &str) -> Option<&'static ManagedPolicy> {
    // Most policies are customers', and are told by their account without looking further.
    let (partition, resource) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy")?;
    let is_it = |policy: &&ManagedPolicy| resource.strip_prefix(policy.path) == Some(policy.name);
    POLICIES.iter().find(is_it).filter(|_| partition.starts_with("aws"))
}

impl ManagedPolicy {
    pub fn arn(&self, partition: Partition) -> Arn {
        Arn {
            partition: partition.to_string(),
            service: "iam".to_owned(),
            region: String::new(),
            account: "aws".to_owned(),
            resource: format!("policy{}{}", self.path, self.name),
        }
    }
}

static POLICIES: [ManagedPolicy; 23] = [
    ManagedPolicy {
        path: "/",
        name: "AdministratorAccess",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        description: "Provides full access to AWS services and resources.",
        created: "2015-02-06T18:39:46Z",
        version: 1,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonEC2ContainerRegistryReadOnly",
        id: "ANPAIFYZPA37OOHVIH7KQ",
        description: "Provides read-only access to Amazon EC2 Container Registry repositories.",
        created: "2015-12-21T17:04:15Z",
        version: 3,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:GetRepositoryPolicy",
            "ecr:DescribeRepositories","ecr:ListImages","ecr:DescribeImages","ecr:BatchGetImage",
            "ecr:GetLifecyclePolicy","ecr:GetLifecyclePolicyPreview","ecr:ListTagsForResource",
            "ecr:DescribeImageScanFindings"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/service-role/",
        name: "AmazonEC2ContainerServiceforEC2Role",
        id: "ANPAJLYJCVHC7TQHCSQDS",
        description: "Default policy for the Amazon EC2 Role for Amazon EC2 Container Service.",
        created: "2015-03-19T18:45:18Z",
        version: 7,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeTags","ecs:CreateCluster",
            "ecs:DeregisterContainerInstance","ecs:DiscoverPollEndpoint","ecs:Poll","ecs:RegisterContainerInstance",
            "ecs:StartTelemetrySession","ecs:UpdateContainerInstancesState","ecs:Submit*","ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream",
            "logs:PutLogEvents"],"Resource":"*"},{"Effect":"Allow","Action":"ecs:TagResource","Resource":"*",
            "Condition":{"StringEquals":{"ecs:CreateAction":["CreateCluster","RegisterContainerInstance"]}}}]}"#,
    },
    ManagedPolicy {
        path: "/service-role/",
        name: "AmazonECSTaskExecutionRolePolicy",
        id: "ANPAJG4T4G4PV56DE72PY",
        description: "Provides access to other AWS service resources that are required to run Amazon ECS tasks",
        created: "2017-11-16T18:48:22Z",
        version: 1,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream",
            "logs:PutLogEvents"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonS3FullAccess",
        id: "ANPAIFIR6V6BVTRAHWINE",
        description: "Provides full access to all buckets via the AWS Management Console.",
        created: "2015-02-06T18:40:58Z",
        version: 2,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],
            "Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonS3ReadOnlyAccess",
        id: "ANPAIZTJ4DXE7G6AGAE6M",
        description: "Provides read only access to all buckets via the AWS Management Console.",
        created: "2015-02-06T18:40:59Z",
        version: 3,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*",
            "s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonSNSFullAccess",
        id: "ANPAJWEKLCXXUNT2SOLSG",
        description: "Provides full access to Amazon SNS via the AWS Management Console.",
        created: "2015-02-06T18:41:05Z",
        version: 1,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sns:*"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonSQSFullAccess",
        id: "ANPAI65L554VRJ33ECQS6",
        description: "Provides full access to Amazon SQS via the AWS Management Console.",
        created: "2015-02-06T18:41:07Z",
        version: 1,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:*"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonSSMFullAccess",
        id: "ANPAJA7V6HI4ISQFMDYAG",
        description: "Provides full access to Amazon SSM.",
        created: "2015-05-29T17:39:47Z",
        version: 4,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:PutMetricData",
            "ds:CreateComputer","ds:DescribeDirectories","ec2:DescribeInstanceStatus","logs:*","ssm:*","ec2messages:*"],
            "Resource":"*"},{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole",
            "Resource":"arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*",
            "Condition":{"StringLike":{"iam:AWSServiceName":"ssm.amazonaws.com"}}},{"Effect":"Allow",
            "Action":["iam:DeleteServiceLinkedRole","iam:GetServiceLinkedRoleDeletionStatus"],
            "Resource":"arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*"},
            {"Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonSSMManagedInstanceCore",
        id: "ANPAIXSHM2BNB2D3AXXRU",
        description: "The policy for Amazon EC2 Role to enable AWS Systems Manager service core functionality.",
        created: "2019-03-15T17:22:12Z",
        version: 2,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:DescribeAssociation",
            "ssm:GetDeployablePatchSnapshotForInstance","ssm:GetDocument","ssm:DescribeDocument","ssm:GetManifest",
            "ssm:GetParameter","ssm:GetParameters","ssm:ListAssociations","ssm:ListInstanceAssociations",
            "ssm:PutInventory","ssm:PutComplianceItems","ssm:PutConfigurePackageResult","ssm:UpdateAssociationStatus",
            "ssm:UpdateInstanceAssociationStatus","ssm:UpdateInstanceInformation"],"Resource":"*"},{"Effect":"Allow",
            "Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"},{"Effect":"Allow",
            "Action":["ec2messages:AcknowledgeMessage","ec2messages:DeleteMessage","ec2messages:FailMessage",
            "ec2messages:GetEndpoint","ec2messages:GetMessages","ec2messages:SendReply"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AmazonSSMReadOnlyAccess",
        id: "ANPAJODSKQGGJTHRYZ5FC",
        description: "Provides read only access to Amazon SSM.",
        created: "2015-05-29T17:44:19Z",
        version: 1,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:Describe*","ssm:Get*","ssm:List*"],
            "Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "AWSKeyManagementServicePowerUser",
        id: "ANPAJNPP7PPPPMJRV2SA4",
        description: "Provides access to AWS Key Management Service (KMS).",
        created: "2015-02-06T18:40:40Z",
        version: 2,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:CreateAlias","kms:CreateKey",
            "kms:DeleteAlias","kms:Describe*","kms:GenerateRandom","kms:Get*","kms:List*","kms:TagResource",
            "kms:UntagResource","iam:ListGroups","iam:ListRoles","iam:ListUsers"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/service-role/",
        name: "AWSLambdaBasicExecutionRole",
        id: "ANPAJNCQGXC42545SKXIK",
        description: "Provides write permissions to CloudWatch Logs.",
        created: "2015-04-09T15:03:43Z",
        version: 1,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup",
            "logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/service-role/",
        name: "AWSLambdaVPCAccessExecutionRole",
        id: "ANPAJVTME3YLVNL72YR2K",
        description: "Provides minimum permissions for a Lambda function to execute while accessing a resource within a VPC - create, describe, delete network interfaces and write permissions to CloudWatch Logs.",
        created: "2016-02-11T23:15:26Z",
        version: 3,
        document: r#"{"Version":"2012-10-17","Statement":[{"Sid":"AWSLambdaVPCAccessExecutionPermissions","Effect":"Allow",
            "Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "CloudWatchAgentServerPolicy",
        id: "ANPAIGOPKN7KRDAKTLG4I",
        description: "Permissions required to use AmazonCloudWatchAgent on servers",
        created: "2018-03-07T01:06:44Z",
        version: 3,
        document: r#"{"Version":"2012-10-17","Statement":[{"Sid":"CWACloudWatchServerPermissions","Effect":"Allow",
            "Action":["cloudwatch:PutMetricData","ec2:DescribeVolumes","ec2:DescribeTags","logs:PutLogEvents",
            "logs:PutRetentionPolicy","logs:DescribeLogStreams","logs:DescribeLogGroups","logs:CreateLogStream",
            "logs:CreateLogGroup","xray:PutTraceSegments","xray:PutTelemetryRecords","xray:GetSamplingRules",
            "xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],"Resource":"*"},
            {"Sid":"CWASSMServerPermissions","Effect":"Allow","Action":["ssm:GetParameter"],
            "Resource":"arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "CloudWatchFullAccess",
        id: "ANPAIKEABORKUXN6DEAZU",
        description: "Provides full access to CloudWatch.",
        created: "2015-02-06T18:40:00Z",
        version: 4,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["autoscaling:Describe*","cloudwatch:*",
            "logs:*","sns:*","iam:GetPolicy","iam:GetPolicyVersion","iam:GetRole","oam:ListSinks"],"Resource":"*"},
            {"Effect":"Allow","Action":"iam:CreateServiceLinkedRole",
            "Resource":"arn:aws:iam::*:role/aws-service-role/events.amazonaws.com/AWSServiceRoleForCloudWatchEvents*",
            "Condition":{"StringLike":{"iam:AWSServiceName":"events.amazonaws.com"}}},{"Effect":"Allow",
            "Action":["oam:ListAttachedLinks"],"Resource":"arn:aws:oam:*:*:sink/*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "CloudWatchLogsFullAccess",
        id: "ANPAJ3ZGNWK2R5HW5BQFO",
        description: "Provides full access to CloudWatch Logs",
        created: "2015-02-06T18:40:02Z",
        version: 3,
        document: r#"{"Version":"2012-10-17","Statement":[{"Sid":"CloudWatchLogsFullAccess","Effect":"Allow","Action":["logs:*",
            "cloudwatch:GenerateQuery","cloudwatch:GenerateQueryResultsSummary"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "CloudWatchLogsReadOnlyAccess",
        id: "ANPAJ2YIYDYSNNEHK3VKW",
        description: "Provides read only access to CloudWatch Logs",
        created: "2015-02-06T18:40:03Z",
        version: 6,
        document: r#"{"Version":"2012-10-17","Statement":[{"Sid":"CloudWatchLogsReadOnlyAccess","Effect":"Allow",
            "Action":["logs:Describe*","logs:Get*","logs:List*","logs:StartQuery","logs:StopQuery",
            "logs:TestMetricFilter","logs:FilterLogEvents","logs:StartLiveTail","logs:StopLiveTail",
            "cloudwatch:GenerateQuery"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "IAMFullAccess",
        id: "ANPAI7XKCFMBPM3QQRRVQ",
        description: "Provides full access to IAM via the AWS Management Console.",
        created: "2015-02-06T18:40:38Z",
        version: 2,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount",
            "organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit",
            "organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents",
            "organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies",
            "organizations:ListTargetsForPolicy"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "IAMReadOnlyAccess",
        id: "ANPAJKSO7NDY4T57MWDSQ",
        description: "Provides read only access to IAM via the AWS Management Console.",
        created: "2015-02-06T18:40:39Z",
        version: 4,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport",
            "iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy",
            "iam:SimulatePrincipalPolicy"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "PowerUserAccess",
        id: "ANPAJYRXTHIB4FOVS3ZXS",
        description: "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
        created: "2015-02-06T18:39:47Z",
        version: 12,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],
            "Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation",
            "account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions",
            "iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",
            "organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "ReadOnlyAccess",
        id: "ANPAILL3HVNFSB6DCOWYQ",
        description: "Provides read-only access to AWS services and resources.",
        created: "2015-02-06T18:39:48Z",
        version: 1,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["acm:Describe*","acm:Get*","acm:List*",
            "apigateway:GET","application-autoscaling:Describe*","application-autoscaling:Get*",
            "application-autoscaling:List*","autoscaling:Describe*","autoscaling:Get*","autoscaling:List*",
            "backup:Describe*","backup:Get*","backup:List*","cloudformation:Describe*","cloudformation:Get*",
            "cloudformation:List*","cloudfront:Describe*","cloudfront:Get*","cloudfront:List*","cloudtrail:Describe*",
            "cloudtrail:Get*","cloudtrail:List*","cloudwatch:Describe*","cloudwatch:Get*","cloudwatch:List*",
            "codebuild:Describe*","codebuild:Get*","codebuild:List*","dynamodb:BatchGet*","dynamodb:Describe*",
            "dynamodb:Get*","dynamodb:List*","dynamodb:Query","dynamodb:Scan","ec2:Describe*","ec2:Get*","ec2:List*",
            "ecr:BatchCheck*","ecr:BatchGet*","ecr:Describe*","ecr:Get*","ecr:List*","ecs:Describe*","ecs:Get*",
            "ecs:List*","eks:Describe*","eks:Get*","eks:List*","elasticache:Describe*","elasticache:Get*",
            "elasticache:List*","elasticfilesystem:Describe*","elasticfilesystem:Get*","elasticfilesystem:List*",
            "elasticloadbalancing:Describe*","elasticloadbalancing:Get*","elasticloadbalancing:List*",
            "events:Describe*","events:Get*","events:List*","firehose:Describe*","firehose:Get*","firehose:List*",
            "glue:Describe*","glue:Get*","glue:List*","iam:Generate*","iam:Get*","iam:List*","iam:Simulate*",
            "kinesis:Describe*","kinesis:Get*","kinesis:List*","kms:Describe*","kms:Get*","kms:List*",
            "lambda:Describe*","lambda:Get*","lambda:List*","logs:Describe*","logs:Get*","logs:List*",
            "organizations:Describe*","organizations:Get*","organizations:List*","rds:Describe*","rds:Get*","rds:List*",
            "redshift:Describe*","redshift:Get*","redshift:List*","route53:Describe*","route53:Get*","route53:List*",
            "s3:Describe*","s3:Get*","s3:List*","secretsmanager:Describe*","secretsmanager:GetResourcePolicy",
            "secretsmanager:List*","sns:Describe*","sns:Get*","sns:List*","sqs:Describe*","sqs:Get*","sqs:List*",
            "ssm:Describe*","ssm:Get*","ssm:List*","states:Describe*","states:Get*","states:List*",
            "sts:GetAccessKeyInfo","sts:GetCallerIdentity","sts:GetSessionToken","tag:Describe*","tag:Get*",
            "tag:List*"],"Resource":"*"}]}"#,
    },
    ManagedPolicy {
        path: "/",
        name: "SecurityAudit",
        id: "ANPAIX2T3QCXHR2OGGCTO",
        description: "The security audit template grants access to read security configuration metadata. It is useful for software that audits the configuration of an AWS account.",
        created: "2015-02-06T18:41:01Z",
        version: 45,
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["acm:Describe*","acm:List*",
            "cloudtrail:DescribeTrails","cloudtrail:GetEventSelectors","cloudtrail:GetTrailStatus",
            "cloudtrail:ListTrails","cloudtrail:LookupEvents","config:Describe*","config:Get*","config:List*",
            "dynamodb:DescribeTable","dynamodb:ListTables","ec2:Describe*","ecr:DescribeRepositories",
            "ecr:GetRepositoryPolicy","ecs:Describe*","ecs:List*","guardduty:Get*","guardduty:List*",
            "iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*",
            "iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy","kms:Describe*","kms:Get*","kms:List*",
            "lambda:GetAccountSettings","lambda:GetFunctionConfiguration","lambda:GetPolicy","lambda:List*",
            "logs:Describe*","organizations:Describe*","organizations:List*","rds:Describe*","s3:GetBucket*",
            "s3:GetEncryptionConfiguration","s3:GetObjectAcl","s3:ListAllMyBuckets","secretsmanager:DescribeSecret",
            "secretsmanager:GetResourcePolicy","secretsmanager:ListSecretVersionIds","secretsmanager:ListSecrets",
            "securityhub:Describe*","securityhub:Get*","securityhub:List*"],"Resource":"*"}]}"#,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trent_policy::{Policy, PolicyKind};

    use super::*;

    #[test]
    fn every_one_can_be_read_and_is_found_under_its_arn() {
        let mut ids = BTreeSet::new();
        for policy in managed_policies() {
            Policy::parse(policy.document, PolicyKind::Identity).expect(policy.name);
            assert_eq!(managed_policy(&policy.arn(Partition::Aws).to_string()), Some(policy));
            assert!(policy.id.starts_with("ANPA") && policy.id.len() == 21 && ids.insert(policy.id), "{}", policy.name);
        }
        assert!(managed_policies().map(|policy| policy.name.to_lowercase()).is_sorted());
    }

    #[test]
    fn only_the_whole_arn_is_theirs() {
        let arn = |arn| managed_policy(arn).map(|policy| policy.name);
        assert_eq!(arn("arn:aws-cn:iam::aws:policy/AdministratorAccess"), Some("AdministratorAccess"));
        let role = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        assert_eq!(arn(role), Some("AWSLambdaBasicExecutionRole"));
        for none in [
            "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole",
            "arn:aws:iam::111122223333:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/Administratoraccess",
            "AdministratorAccess",
            "",
        ] {
            assert_eq!(arn(none), None, "{none}");
        }
    }
}
